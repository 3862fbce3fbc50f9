package io.pageflip.source;

import io.pageflip.os.NanoClock;
import io.pageflip.switchover.SwitchoverPage;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** Waits until the destination has everything that was sent: it counts rounds in the {@link SwitchoverPage}. */
final class RoundAcknowledgement {
    private static final long POLL_NS = 20_000;
    private static final long NS_PER_S = 1_000_000_000;

    private RoundAcknowledgement() {}

    static void await(SwitchoverPage page, int round, DestinationLink link, NanoClock clock, long timeoutSeconds)
            throws IOException {
        long deadlineNs = clock.nanoTime() + timeoutSeconds * NS_PER_S;
        while (page.roundsReceived() < round) {
            link.check();
            if (clock.nanoTime() > deadlineNs) {
                throw new IOException(
                        "the destination has not received round " + round + " within " + timeoutSeconds + " s");
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }
}
