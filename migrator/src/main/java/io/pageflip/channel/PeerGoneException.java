package io.pageflip.channel;

import java.io.IOException;

/** The other agent has closed its end, or died. */
public final class PeerGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    public PeerGoneException(String message) {
        super(message);
    }
}
