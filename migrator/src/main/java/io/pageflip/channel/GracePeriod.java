package io.pageflip.channel;

import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import java.io.IOException;

/**
 * A guard for what need not be given up at once when the user cancels, but soon: it lets {@link #LENGTH_NS} pass after
 * it has seen the request. Belongs to one thread.
 */
public final class GracePeriod implements WaitGuard {
    /** Short enough that an agent ends within a second after it was asked to. */
    public static final long LENGTH_NS = 600_000_000;

    private final WaitGuard cancellation;
    private final NanoClock clock;
    private long askedNs = Long.MAX_VALUE;

    /** @param cancellation throws {@link CancelledException} once the user has cancelled */
    public GracePeriod(WaitGuard cancellation, NanoClock clock) {
        this.cancellation = cancellation;
        this.clock = clock;
    }

    @Override
    public void check() throws IOException {
        try {
            cancellation.check();
        } catch (CancelledException e) {
            askedNs = Math.min(askedNs, clock.nanoTime());
            if (clock.nanoTime() - askedNs > LENGTH_NS) {
                throw e;
            }
        }
    }
}
