package io.pageflip.os;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** This host lacks what was asked for. The message says what is missing, why, and what to use instead. */
public final class HostLacksException extends IOException {
    private static final long serialVersionUID = 1L;

    public HostLacksException(String message) {
        super(message);
    }

    public HostLacksException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The native library that could not be loaded, if that is what {@code failure} says; else null. */
    public static @Nullable UnsatisfiedLinkError unloadable(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnsatisfiedLinkError library) {
                return library;
            }
        }
        return null;
    }

    /**
     * Whether {@code failure} says that this host lacks something: also if it is a system call that this kernel does
     * not have, or that a filter denies.
     */
    public static boolean isMeantBy(Throwable failure) {
        return failure instanceof HostLacksException
                || unloadable(failure) != null
                || (failure instanceof SyscallException call
                        && (call.errno() == Errno.ENOSYS || call.errno() == Errno.EPERM));
    }
}
