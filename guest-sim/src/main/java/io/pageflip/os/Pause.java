package io.pageflip.os;

import java.util.concurrent.locks.LockSupport;

/** Lets a thread wait between two looks at what it waits for. */
public final class Pause {
    private Pause() {}

    /**
     * Waits for about so many nanoseconds, or less.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public static void ofNs(long ns) throws InterruptedException {
        LockSupport.parkNanos(ns);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }
}
