package io.pageflip.metrics;

import java.util.List;
import java.util.Locale;

/**
 * The rounds of a precopy migration, as a report has them.
 *
 * @param dirtyTracking how the guest's writes were noticed: {@code write-protect} or {@code log}
 * @param downtimeLimit the limit that was asked for, in milliseconds
 * @param rounds those while the guest ran; the last round, while it is paused, is the pages phase of the downtime
 */
public record PrecopyResult(String dirtyTracking, long downtimeLimit, List<Round> rounds) {
    private static final double NS_PER_MS = 1e6;

    public PrecopyResult {
        rounds = List.copyOf(rounds);
    }

    /**
     * One round. Pages are of their blocks' own sizes.
     *
     * @param round its number; every page is sent in round 1
     * @param startNs when it began: CLOCK_MONOTONIC of the host
     * @param pagesSent pages that this round sent, zero pages and holes included
     * @param bytesSent bytes of guest memory in them
     * @param pagesDirtied pages that the guest wrote since they were sent
     * @param bytesDirtied bytes in them
     * @param durationNs of the round
     * @param mbps guest memory sent, in 10^6 bits a second
     * @param expectedDowntimeNs time to send the dirtied pages at that rate
     * @param throttlePercent percentage of the round in which the vCPUs were throttled
     * @param decision {@code continue}, {@code switch}, {@code throttle}, {@code cancel} or {@code postcopy}
     * @param reason of the decision, in words
     */
    public record Round(
            int round,
            long startNs,
            long pagesSent,
            long bytesSent,
            long pagesDirtied,
            long bytesDirtied,
            long durationNs,
            double mbps,
            long expectedDowntimeNs,
            int throttlePercent,
            String decision,
            String reason) {
        /** In one line, for a log. */
        public String summary() {
            return String.format(
                    Locale.ROOT,
                    "%d: %d pages sent, %d dirtied meanwhile, %.1f ms, throttle %d %%, expected downtime %.1f ms: %s, %s",
                    round,
                    pagesSent,
                    pagesDirtied,
                    durationNs / NS_PER_MS,
                    throttlePercent,
                    expectedDowntimeNs / NS_PER_MS,
                    decision,
                    reason);
        }
    }
}
