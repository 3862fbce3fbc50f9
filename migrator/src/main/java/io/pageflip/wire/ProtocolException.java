package io.pageflip.wire;

import java.io.IOException;

/** The peer sent something that the protocol does not allow, or not at this point. */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}
