package io.pageflip.os;

import java.io.IOException;

/**
 * A system call failed. The message names the operation, its operands and the error: {@code ftruncate ram 4096:
 * EINVAL}. Where a limit of this process is the cause, it says which.
 */
public final class SyscallException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public SyscallException(String operation, int errno) {
        super(operation + ": " + Errno.name(errno)
                + (errno == Errno.EMFILE ? "; raise the limit of open files (ulimit -n)" : ""));
        this.errno = errno;
    }

    /** The error number, positive; see {@link Errno}. */
    public int errno() {
        return errno;
    }

    /**
     * Checks the result of a system call.
     *
     * @param result what {@link Syscalls} returned
     * @param operation what was tried, with its operands
     * @return {@code result}, if it is not negative
     */
    static long check(long result, String operation) throws SyscallException {
        if (result < 0) {
            throw new SyscallException(operation, (int) -result);
        }
        return result;
    }
}
