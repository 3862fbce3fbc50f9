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
}
