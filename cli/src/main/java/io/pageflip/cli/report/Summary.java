package io.pageflip.cli.report;

import io.pageflip.metrics.RunResult;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The downtime over several runs, in nanoseconds. A percentile is the smallest value that so many percent of the runs do not
 * exceed: always one that was measured.
 */
public record Summary(long min, long p50, long p99, long max) {
    /** Of the runs that have a downtime; null if none has. */
    static @Nullable Summary of(List<RunResult> runs) {
        long[] sorted = runs.stream()
                .map(RunResult::downtimeNs)
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
        if (sorted.length == 0) {
            return null;
        }
        return new Summary(sorted[0], percentile(sorted, 50), percentile(sorted, 99), sorted[sorted.length - 1]);
    }

    private static long percentile(long[] sorted, int percent) {
        int rank = (sorted.length * percent + 99) / 100;
        return sorted[Math.max(1, rank) - 1];
    }
}
