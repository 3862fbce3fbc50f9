package io.pageflip.os;

import java.io.IOException;

/** Asked several times a second by a thread that waits for the peer. */
@FunctionalInterface
public interface WaitGuard {
    /** Throws if it is no use to wait any longer: the peer is gone, has given up, or the user has cancelled. */
    void check() throws IOException;
}
