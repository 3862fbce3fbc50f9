package io.pageflip.os;

import java.io.IOException;

/** A check that a thread makes several times a second while it waits for the peer. */
@FunctionalInterface
public interface WaitGuard {
    /** Throws if the wait is of no use any more: the peer is gone or has given up, or the user has cancelled. */
    void check() throws IOException;

    /** A guard that lets nobody wait. */
    static WaitGuard refusing(String reason) {
        return () -> {
            throw new IOException(reason);
        };
    }
}
