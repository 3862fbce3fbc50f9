package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuMemory;
import io.pageflip.qemu.QemuMode;
import io.pageflip.qemu.QemuResult;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A row of real QEMU.
 *
 * @param options what was asked of it
 * @param status {@code completed}, {@code failed} if a run failed or the guest found a bad page, or {@code not-run}
 * @param runs the runs that count
 * @param summary null unless the row completed
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record QemuCell(
        Map<String, Object> options,
        String status,
        List<QemuResult> runs,
        @Nullable QemuSummary summary) implements Row {
    private static final long NS_PER_MS = 1_000_000; // QEMU counts in milliseconds

    /** The modes with which QEMU's own total time ends with the old process. */
    private static final Set<String> RESTARTS = Arrays.stream(QemuMode.values())
            .filter(QemuMode::restarts)
            .map(QemuMode::toString)
            .collect(Collectors.toSet());

    /**
     * The figures of a row.
     *
     * @param saysNs the downtime that QEMU reports; null if it reports none
     * @param spread the distance between the quartiles of that, as a part of its median; null with it
     * @param stopResumeNs between QEMU's events; null if it sends none
     * @param stopResumeRuns how many runs that is told from: those in which no event was missed; null with it
     * @param seen by an observer outside; null if it could not
     * @param wallNs median: from the first command of the migration until the guest was seen to run
     * @param totalTime median of QEMU's total time, in milliseconds; null if it reports none
     * @param transferredBytes median; null if QEMU does not count them
     * @param peakPssBytes memory of both processes together, in a run whose times do not count; null if there was none,
     *     or it failed
     * @param peakPssError why that run failed; null if it did not
     * @param ratio the median of what was seen, divided by that of the reference, or by the least, of a row with the
     *     same guest; null if one of both is not known
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record QemuSummary(
            int runs,
            @Nullable Summary saysNs,
            @Nullable Double spread,
            @Nullable Summary stopResumeNs,
            @Nullable Integer stopResumeRuns,
            @Nullable SeenSummary seen,
            @Nullable Long wallNs,
            @Nullable Long totalTime,
            @Nullable Long transferredBytes,
            @Nullable Long peakPssBytes,
            @Nullable String peakPssError,
            @Nullable Double ratio) {
        QemuSummary withRatio(@Nullable Double other) {
            return new QemuSummary(
                    runs,
                    saysNs,
                    spread,
                    stopResumeNs,
                    stopResumeRuns,
                    seen,
                    wallNs,
                    totalTime,
                    transferredBytes,
                    peakPssBytes,
                    peakPssError,
                    other);
        }
    }

    /**
     * Sums up the runs of a row.
     *
     * @param failed whether one of them failed
     * @param memory of one more run; null if there was none
     */
    public static QemuCell of(
            Map<String, Object> options, List<QemuResult> runs, boolean failed, @Nullable QemuMemory memory) {
        if (failed || runs.isEmpty()) {
            return new QemuCell(options, failed ? "failed" : "not-run", runs, null);
        }
        Summary stopResume = summary(runs, QemuResult::stopResumeNs);
        long[] says = figures(runs, QemuResult::saysNs);
        long stopResumes =
                runs.stream().filter(run -> run.stopResumeNs() != null).count();
        return new QemuCell(
                options,
                "completed",
                runs,
                new QemuSummary(
                        runs.size(),
                        summary(runs, QemuResult::saysNs),
                        says.length == 0 ? null : Summary.spread(says),
                        stopResume,
                        stopResume == null ? null : Math.toIntExact(stopResumes),
                        SeenSummary.of(
                                runs.stream().map(QemuResult::seen).toList(),
                                runs.stream().map(QemuResult::saysNs).toList(),
                                NS_PER_MS),
                        median(summary(runs, QemuResult::wallNs)),
                        median(summary(runs, QemuResult::totalTime)),
                        median(summary(runs, QemuResult::transferredBytes)),
                        memory == null ? null : memory.peakPssBytes(),
                        memory == null ? null : memory.failure(),
                        null));
    }

    private static @Nullable Summary summary(List<QemuResult> runs, Function<QemuResult, @Nullable Long> figure) {
        return Summary.of(figures(runs, figure));
    }

    /** Those that there are, in ascending order. */
    private static long[] figures(List<QemuResult> runs, Function<QemuResult, @Nullable Long> figure) {
        return runs.stream()
                .map(figure)
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
    }

    private static @Nullable Long median(@Nullable Summary summary) {
        return summary == null ? null : summary.p50();
    }

    /** The row in a few words. */
    public String name() {
        return Options.name(options);
    }

    QemuCell withRatio(@Nullable Double ratio) {
        return summary == null ? this : new QemuCell(options, status, runs, summary.withRatio(ratio));
    }

    @Override
    public boolean hasFigures() {
        return summary != null;
    }

    @Override
    public @Nullable Summary says() {
        return summary == null ? null : summary.saysNs;
    }

    @Override
    public @Nullable SeenSummary gap() {
        return summary == null ? null : summary.seen;
    }

    @Override
    public @Nullable Double spread() {
        return summary == null ? null : summary.spread;
    }

    @Override
    public List<Seen> watched() {
        return runs.stream().map(QemuResult::seen).filter(Objects::nonNull).toList();
    }

    @Override
    public @Nullable Double ratio() {
        return summary == null ? null : summary.ratio;
    }

    @Override
    public @Nullable Summary stopResume() {
        return summary == null ? null : summary.stopResumeNs;
    }

    @Override
    public int stopResumeRuns() {
        return summary == null || summary.stopResumeRuns == null ? 0 : summary.stopResumeRuns;
    }

    /** QEMU's own total time ends with the old process, where the new one reads a file. */
    @Override
    public @Nullable Long totalNs() {
        if (summary == null) {
            return null;
        }
        if (RESTARTS.contains(String.valueOf(options.get("mode"))) && summary.wallNs != null) {
            return summary.wallNs;
        }
        return summary.totalTime == null ? null : summary.totalTime * NS_PER_MS;
    }

    @Override
    public @Nullable Long copiedBytes() {
        return summary == null ? null : summary.transferredBytes;
    }

    @Override
    public @Nullable Long memoryBytes() {
        return summary == null ? null : summary.peakPssBytes;
    }

    @Override
    public @Nullable String failure() {
        return runs.isEmpty() ? null : runs.get(runs.size() - 1).failure();
    }
}
