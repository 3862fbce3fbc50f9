package io.pageflip.source;

import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;
import java.util.Locale;

/**
 * How long a guest may be paused for a switchover, whatever the destination does: one limit for all waits together,
 * from the pause until the destination has taken the guest. When it is over, the source takes the guest back. Any
 * thread may ask.
 */
final class SwitchoverLimit implements WaitGuard {
    private static final double NS_PER_S = 1e9;

    private final MigrationRequest request;
    private final NanoClock clock;
    private volatile long pausedNs;
    private volatile long limitNs = Long.MAX_VALUE;

    SwitchoverLimit(MigrationRequest request, NanoClock clock) {
        this.request = request;
        this.clock = clock;
    }

    /**
     * The guest is about to be paused, or more is known of what has to cross while it is: the time runs from the first
     * call.
     *
     * @param bytesLeft bytes of pages that have to cross while the guest is paused
     */
    void start(long bytesLeft) {
        if (pausedNs == 0) {
            pausedNs = clock.nanoTime();
        }
        limitNs = request.switchoverTimeoutNs(bytesLeft);
    }

    /** Whether the time is over. */
    boolean isOver() {
        return pausedNs != 0 && clock.nanoTime() - pausedNs > limitNs;
    }

    /** For writes to the migration stream. */
    @Override
    public void check() throws IOException {
        check("the destination to read");
    }

    /**
     * Throws if the time is over.
     *
     * @param waitingFor for the message: "the destination to read"
     */
    void check(String waitingFor) throws IOException {
        if (isOver()) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "the guest was paused for %.1f s, which is the limit (--switchover-timeout), while waiting for %s",
                    limitNs / NS_PER_S,
                    waitingFor));
        }
    }
}
