package io.pageflip.channel;

import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import java.io.IOException;

/**
 * How long a thread waits for a peer that does nothing. Progress renews it; without, it runs out after a time.
 *
 * <p>Belongs to one thread.
 */
public final class InactivityTimeout {
    /** How long one wait lasts before the guard is asked again. */
    public static final int SLICE_MS = 50;

    private static final long NS_PER_S = 1_000_000_000L;

    private final NanoClock clock;
    private final WaitGuard guard;
    private long limitNs;
    private long renewedNs;

    /** Waits without a limit, until {@link #limitSeconds}. */
    public InactivityTimeout(NanoClock clock, WaitGuard guard) {
        this.clock = clock;
        this.guard = guard;
        this.limitNs = Long.MAX_VALUE;
        this.renewedNs = clock.nanoTime();
    }

    /** From now on, no wait may last longer than {@code seconds}. */
    public void limitSeconds(long seconds) {
        limitNs = seconds * NS_PER_S;
        renewedNs = clock.nanoTime();
    }

    /**
     * The peer did something.
     *
     * @return the time now
     */
    public long renew() {
        renewedNs = clock.nanoTime();
        return renewedNs;
    }

    /** The time now, in nanoseconds, by the clock that measures the waiting. */
    long nowNs() {
        return clock.nanoTime();
    }

    /**
     * To be called after each slice of waiting.
     *
     * @param waitingFor for the message: "the destination to read"
     */
    public void check(String waitingFor) throws IOException {
        guard.check();
        if (clock.nanoTime() - renewedNs > limitNs) {
            throw new IOException("no sign of life for " + limitNs / NS_PER_S + " s while waiting for " + waitingFor);
        }
    }
}
