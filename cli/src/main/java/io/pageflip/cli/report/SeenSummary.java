package io.pageflip.cli.report;

import io.pageflip.metrics.Percentile;
import io.pageflip.observer.Seen;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an observer outside saw of the runs of a row.
 *
 * @param runs runs of which it can tell something
 * @param ns the longest gap of each run. A run in which it saw none counts with the longest silence that it may have
 *     missed
 * @param below whether the median is such a bound
 * @param intervalNs the median of the mean times between two looks
 * @param differs whether what the program says lies outside of what the observer's looks allow, and 5 %, in more than
 *     half of the runs
 */
public record SeenSummary(int runs, Summary ns, boolean below, long intervalNs, boolean differs) {
    private static final double TOLERANCE = 0.05;

    /**
     * Summarizes runs; null if nobody watched them, or could see anything.
     *
     * @param saysNs what the program says of each; null where it says nothing
     * @param roundingNs the unit in which the program says it
     */
    static @Nullable SeenSummary of(List<@Nullable Seen> runs, List<@Nullable Long> saysNs, long roundingNs) {
        List<Seen> told = runs.stream()
                .filter(Objects::nonNull)
                .filter(seen -> seen.atMostNs() != null)
                .sorted(Comparator.comparingLong(SeenSummary::length))
                .toList();
        Summary summary =
                Summary.of(told.stream().mapToLong(SeenSummary::length).toArray());
        if (summary == null) {
            return null;
        }
        boolean below = told.stream().anyMatch(seen -> seen.ns() == null && length(seen) == summary.p50());
        long[] intervals = told.stream().mapToLong(Seen::intervalNs).toArray();
        Arrays.sort(intervals);
        int differing = 0;
        for (int i = 0; i < runs.size(); i++) {
            Seen seen = runs.get(i);
            Long says = saysNs.get(i);
            if (seen != null && says != null && contradicts(says, seen, roundingNs)) {
                differing++;
            }
        }
        return new SeenSummary(
                told.size(), summary, below, Percentile.of(intervals, Percentile.MEDIAN), 2 * differing > told.size());
    }

    private static long length(Seen seen) {
        Long ns = seen.ns();
        return ns == null ? Objects.requireNonNull(seen.atMostNs()) : ns;
    }

    private static boolean contradicts(long saysNs, Seen seen, long roundingNs) {
        Long most = seen.atMostNs();
        Long least = seen.atLeastNs();
        double slackNs = TOLERANCE * saysNs + roundingNs;
        return (most != null && saysNs > most + slackNs) || (least != null && saysNs < least - slackNs);
    }

    /** The median as people read it. */
    String words(TableUnit unit) {
        return (below ? "< " : "") + unit.words(ns.p50()) + (differs ? " *" : "");
    }
}
