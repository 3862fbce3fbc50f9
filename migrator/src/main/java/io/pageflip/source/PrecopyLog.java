package io.pageflip.source;

import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.PrecopyResult.Round;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.PrecopyLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The record of a precopy's rounds, for the report. No system call; belongs to one thread. */
final class PrecopyLog {
    private static final double NS_PER_S = 1e9;
    private static final double NS_PER_MS = 1e6;
    private static final double BITS_PER_MEGABIT = 8 / 1e6;

    private final DirtyTracking tracking;
    private final List<Round> rounds = new ArrayList<>();

    PrecopyLog(DirtyTracking tracking) {
        this.tracking = tracking;
    }

    /**
     * Adds a round that is over.
     *
     * @param startNs when it began
     * @param sentPages pages of the guest that the round sent
     * @param dirtyPages pages that the guest has written since they were sent
     */
    void add(RoundStats stats, long startNs, long sentPages, long dirtyPages, PrecopyDecision decision) {
        rounds.add(new Round(
                stats.round(),
                startNs,
                sentPages,
                stats.sentBytes(),
                dirtyPages,
                stats.dirtyBytes(),
                stats.durationNs(),
                stats.bytesPerSecond() * BITS_PER_MEGABIT,
                stats.expectedDowntimeNs(),
                stats.throttlePercent(),
                decision.action().toString(),
                decision.reason()));
    }

    /** The round that was added last. */
    Round last() {
        return rounds.get(rounds.size() - 1);
    }

    /** The exception that tells a person why the guest stays. */
    NotConvergedException notConverged(RoundStats stats, PrecopyLimits limits, PrecopyDecision decision) {
        return new NotConvergedException(String.format(
                Locale.ROOT,
                "%s: after round %d and %.1f s the guest would still be paused for %.0f ms, and the limit is %.0f ms",
                decision.reason(),
                stats.round(),
                stats.elapsedNs() / NS_PER_S,
                stats.expectedDowntimeNs() / NS_PER_MS,
                limits.downtimeLimitNs() / NS_PER_MS));
    }

    /**
     * The rounds so far.
     *
     * @param limits that counted in the end
     */
    PrecopyResult report(PrecopyLimits limits) {
        return new PrecopyResult(tracking.toString(), limits.downtimeLimitNs() / (long) NS_PER_MS, rounds);
    }
}
