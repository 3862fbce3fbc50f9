package io.pageflip.cli.report;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.RunResult;
import java.util.List;
import java.util.Objects;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The downtime over several runs, in nanoseconds; the percentiles are those of {@link Percentile}. */
public record Summary(long min, long p50, long p90, long p99, long max) {
    /** Summarizes the runs that have a downtime; null if none has. */
    static @Nullable Summary of(List<RunResult> runs) {
        long[] sorted = sortedDowntimes(runs);
        if (sorted.length == 0) {
            return null;
        }
        return new Summary(
                sorted[0],
                Percentile.of(sorted, Percentile.MEDIAN),
                Percentile.of(sorted, 900),
                Percentile.of(sorted, 990),
                sorted[sorted.length - 1]);
    }

    /** The median of each part of the downtime, over the runs that have one; they need not add up to the median. */
    static DowntimePhases medianPhases(List<RunResult> runs) {
        return new DowntimePhases(
                median(runs, DowntimePhases::stop),
                median(runs, DowntimePhases::pages),
                median(runs, DowntimePhases::save),
                median(runs, DowntimePhases::release),
                median(runs, DowntimePhases::notice),
                median(runs, DowntimePhases::lock),
                median(runs, DowntimePhases::load),
                median(runs, DowntimePhases::resume));
    }

    private static long median(List<RunResult> runs, ToLongFunction<DowntimePhases> part) {
        return Percentile.of(
                runs.stream()
                        .map(RunResult::measured)
                        .filter(Objects::nonNull)
                        .map(Measured::downtimePhasesNs)
                        .mapToLong(part)
                        .sorted()
                        .toArray(),
                Percentile.MEDIAN);
    }

    /** The distance between the quartiles of the downtime, as a part of its median; 0 if no run has one. */
    static double spread(List<RunResult> runs) {
        long[] sorted = sortedDowntimes(runs);
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
