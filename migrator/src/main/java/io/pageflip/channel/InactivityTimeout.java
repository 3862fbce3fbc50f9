package io.pageflip.channel;

import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import java.io.IOException;

/**
 * Limits how long a thread waits for a peer that makes no progress. Each sign of progress restarts the time.
 *
 * <p>Belongs to one thread.
 */
public final class InactivityTimeout {
    /** Length of one wait, in milliseconds, after which the guard is asked again. */
    public static final int SLICE_MS = 50;

    private static final long NS_PER_S = 1_000_000_000L;

    private final NanoClock clock;
    private final WaitGuard guard;
    private long limitNs;
    private long renewedNs;
    private long totalNs = Long.MAX_VALUE;
    private long beganNs;
    private String totalWaitingFor = "";

    /** Creates a timeout without a limit; {@link #limitSeconds} sets one. */
    public InactivityTimeout(NanoClock clock, WaitGuard guard) {
        this.clock = clock;
        this.guard = guard;
        this.limitNs = Long.MAX_VALUE;
        this.renewedNs = clock.nanoTime();
        this.beganNs = renewedNs;
    }

    /** From now on, no wait may last longer than {@code seconds}. */
    public void limitSeconds(long seconds) {
        limitNs = seconds * NS_PER_S;
        renewedNs = clock.nanoTime();
    }

    /**
     * From now on, everything that is waited for must have come within {@code seconds}, however much progress the peer
     * makes; 0 for no such limit.
     *
     * @param waitingFor completes the message of the exception, as in "the source to prepare"
     */
    public void limitTotalSeconds(long seconds, String waitingFor) {
        totalNs = seconds == 0 ? Long.MAX_VALUE : seconds * NS_PER_S;
        totalWaitingFor = waitingFor;
        beganNs = clock.nanoTime();
    }

    /**
     * The peer made progress: restarts the time.
     *
     * @param done whether it did all that is waited for. Otherwise the guard is asked as well: a peer that makes little
     *     progress, but always some, must not keep this thread. A peer that is done may have answered already, and the
     *     guard would take the answer for a message that nobody waits for.
     * @return the time now
     * @throws IOException if that took too long in total
     */
    public long renew(boolean done) throws IOException {
        if (!done) {
            guard.check();
        }
        renewedNs = clock.nanoTime();
        checkTotal(renewedNs);
        return renewedNs;
    }

    private void checkTotal(long nowNs) throws IOException {
        if (nowNs - beganNs > totalNs) {
            throw new IOException("waited " + totalNs / NS_PER_S + " s in vain for " + totalWaitingFor);
        }
    }

    /** The time now, in nanoseconds, by the clock that measures the waiting. */
    long nowNs() {
        return clock.nanoTime();
    }

    /**
     * Checks the guard and the limit. Call it after each slice of waiting.
     *
     * @param waitingFor completes the message of the exception, as in "the destination to read"
     */
    public void check(String waitingFor) throws IOException {
        guard.check();
        checkTotal(clock.nanoTime());
        if (clock.nanoTime() - renewedNs > limitNs) {
            throw new IOException("no sign of life for " + limitNs / NS_PER_S + " s while waiting for " + waitingFor);
        }
    }
}
