package io.pageflip.wire;

import java.io.IOException;

/** A peer said something that it may not say, or not now. */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}
