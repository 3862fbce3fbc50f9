package io.pageflip.cli.report;

import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.RunResult;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The downtime over several runs, in nanoseconds; the percentiles are those of {@link Percentile}. */
public record Summary(long min, long p50, long p90, long p99, long max) {
    /** Summarizes the runs that have a downtime; null if none has. */
    static @Nullable Summary of(List<RunResult> runs) {
        return of(sortedDowntimes(runs));
    }

    /** Summarizes downtimes in ascending order; null if there are none. */
    static @Nullable Summary of(long[] sorted) {
        if (sorted.length == 0) {
            return null;
        }
        return new Summary(
                sorted[0],
                median(sorted),
                Percentile.of(sorted, 900),
                Percentile.of(sorted, 990),
                sorted[sorted.length - 1]);
    }

    /** The median of numbers in ascending order; 0 of none. */
    static long median(long[] sorted) {
        return Percentile.of(sorted, Percentile.MEDIAN);
    }

    /** The distance between the quartiles of the downtime, as a part of its median; 0 if no run has one. */
    static double spread(List<RunResult> runs) {
        return spread(sortedDowntimes(runs));
    }

    /** The same of figures in ascending order. */
    static double spread(long[] sorted) {
        return sorted.length == 0
                ? 0
                : (double) (Percentile.of(sorted, 750) - Percentile.of(sorted, 250))
                        / Math.max(1, Percentile.of(sorted, Percentile.MEDIAN));
    }

    private static long[] sortedDowntimes(List<RunResult> runs) {
        return runs.stream()
                .map(RunResult::measured)
                .filter(Objects::nonNull)
                .mapToLong(Measured::downtimeNs)
                .sorted()
                .toArray();
    }
}
