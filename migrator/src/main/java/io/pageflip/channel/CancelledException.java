package io.pageflip.channel;

import java.io.IOException;

/** The user of this agent, or of the peer, has cancelled the migration. */
public final class CancelledException extends IOException {
    private static final long serialVersionUID = 1L;

    public CancelledException(String message) {
        super(message);
    }
}
