package io.pageflip.os;

import java.io.IOException;

/** This host lacks what was asked for. The message says what is missing, why, and what to use instead. */
public final class HostLacksException extends IOException {
    private static final long serialVersionUID = 1L;

    public HostLacksException(String message) {
        super(message);
    }

    public HostLacksException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Whether {@code failure} says that this host lacks something: also if it is a system call that this kernel does
     * not have, or that a filter denies.
     */
    public static boolean isMeantBy(Throwable failure) {
        return failure instanceof HostLacksException
                || failure instanceof LinkageError
                || (failure instanceof SyscallException call
                        && (call.errno() == Errno.ENOSYS || call.errno() == Errno.EPERM));
    }
}
