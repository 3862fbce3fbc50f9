package io.pageflip.os;

/**
 * A memfd whose owner can still change its size: what no agent may accept. In this package for its access to system
 * calls.
 */
public final class UnsealedMemFd {
    private static final int MFD_CLOEXEC_ALLOW_SEALING = 3;

    private UnsealedMemFd() {}

    public static Fd create(String name, long length) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        Fd fd = new Fd(
                SyscallException.check(sys.memfdCreate(name, MFD_CLOEXEC_ALLOW_SEALING), "memfd_create"), name, sys);
        SyscallException.check(sys.ftruncate(fd.number(), length), "ftruncate");
        return fd;
    }
}
