package io.pageflip.os;

/** Opens what an ordinary user gets, whoever runs the tests. */
public final class UserModeOnly {
    private UserModeOnly() {}

    public static Userfaultfd open(long features) throws SyscallException {
        return Userfaultfd.open(Syscalls.LINUX, true, features);
    }
}
