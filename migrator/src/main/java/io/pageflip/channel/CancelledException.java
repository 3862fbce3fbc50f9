package io.pageflip.channel;

import java.io.IOException;

/** Somebody asked for the migration to be given up: the user here, or the peer's. */
public final class CancelledException extends IOException {
    private static final long serialVersionUID = 1L;

    public CancelledException(String message) {
        super(message);
    }
}
