"""Runs a command in which some system calls fail: deny.py NUMBER[,NUMBER ...] ERRNO COMMAND ARGUMENT ...

A filter of seccomp(2), as containers have; x86-64 and arm64 alike, as the numbers come from the caller.
"""
import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000
LD_W_ABS = 0x20
JMP_JEQ_K = 0x15
RET_K = 0x06


def instruction(code, jump_true, jump_false, operand):
    return struct.pack("HBBI", code, jump_true, jump_false, operand)


def main():
    numbers = [int(number) for number in sys.argv[1].split(",")]
    program = [instruction(LD_W_ABS, 0, 0, 0)]
    for at, number in enumerate(numbers):
        program.append(instruction(JMP_JEQ_K, len(numbers) - at, 0, number))
    program.append(instruction(RET_K, 0, 0, RET_ALLOW))
    program.append(instruction(RET_K, 0, 0, RET_ERRNO | int(sys.argv[2])))
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0
    ):
        sys.exit("no filter can be installed: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[3], sys.argv[3:])


main()
