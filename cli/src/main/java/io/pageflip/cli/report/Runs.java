package io.pageflip.cli.report;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.RunResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The results of the runs of one command. A million of them fit in memory: of each run only the figures are kept that
 * the summary needs, and its whole result if a report lists all runs. Used by one thread.
 */
public final class Runs {
    private static final List<ToLongFunction<DowntimePhases>> PHASES = List.of(
            DowntimePhases::stop,
            DowntimePhases::pages,
            DowntimePhases::save,
            DowntimePhases::release,
            DowntimePhases::notice,
            DowntimePhases::lock,
            DowntimePhases::load,
            DowntimePhases::resume);

    private final boolean lists;
    private final List<RunResult> all = new ArrayList<>();
    private final Samples downtimes = new Samples();
    private final Samples timesLost = new Samples();
    private final List<Samples> phases =
            PHASES.stream().map(phase -> new Samples()).toList();
    private @Nullable IdleGaps idleGaps;
    private @Nullable RunResult last;
    private @Nullable RunResult firstFailed;
    private int count;

    /** @param lists whether a report lists all runs, so that their whole results are kept */
    public Runs(boolean lists) {
        this.lists = lists;
    }

    /** All of {@code results}. */
    public static Runs of(List<RunResult> results) {
        Runs runs = new Runs(true);
        results.forEach(runs::add);
        return runs;
    }

    /** Adds the result of the next run. */
    public void add(RunResult result) {
        count++;
        last = result;
        if (lists) {
            all.add(result);
        }
        if (result.error() != null && firstFailed == null) {
            firstFailed = result;
        }
        Measured measured = result.measured();
        if (measured != null) {
            downtimes.add(measured.downtimeNs());
            GuestTimeLost lost = measured.guestTimeLost();
            Long lostNs = lost == null ? null : lost.totalNs();
            if (lostNs != null) {
                timesLost.add(lostNs);
            }
            for (int i = 0; i < PHASES.size(); i++) {
                phases.get(i).add(PHASES.get(i).applyAsLong(measured.downtimePhasesNs()));
            }
            idleGaps = idleGaps == null ? measured.idleGapsNs() : idleGaps.plus(measured.idleGapsNs());
        }
    }

    /** How many runs there were. */
    public int count() {
        return count;
    }

    /** All runs, if they are listed. */
    public List<RunResult> all() {
        return all;
    }

    /** The last run; null if there was none. */
    @Nullable
    RunResult last() {
        return last;
    }

    /** The first run with an error; null if there was none. */
    public @Nullable RunResult firstFailed() {
        return firstFailed;
    }

    /** The summary of the downtimes; null if no run has one. */
    @Nullable
    Summary summary() {
        return Summary.of(downtimes.sorted());
    }

    /** The median of the guest's lost time, over the runs that have one; null if none has. */
    @Nullable
    Long medianTimeLost() {
        long[] sorted = timesLost.sorted();
        return sorted.length == 0 ? null : Summary.median(sorted);
    }

    /** The median of each part of the downtime, over the runs that have one; they need not add up to the median. */
    DowntimePhases medianPhases() {
        long[] medians = phases.stream()
                .mapToLong(samples -> Summary.median(samples.sorted()))
                .toArray();
        return new DowntimePhases(
                medians[0], medians[1], medians[2], medians[3], medians[4], medians[5], medians[6], medians[7]);
    }

    /** The idle gaps of all runs together; null if no run has any. */
    @Nullable
    IdleGaps idleGaps() {
        return idleGaps;
    }

    /** A growing list of numbers. */
    private static final class Samples {
        private long[] values = new long[16];
        private int size;

        void add(long value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, size * 2);
            }
            values[size++] = value;
        }

        long[] sorted() {
            long[] sorted = Arrays.copyOf(values, size);
            Arrays.sort(sorted);
            return sorted;
        }
    }
}
