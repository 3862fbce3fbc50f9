package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.prediction.Prediction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The results of {@code pageflip compare}, in the form of its JSON report; docs/json/README.md documents it.
 *
 * @param schema {@link #SCHEMA}
 * @param request what was asked for
 * @param qemu the rows of real QEMU; null if none was asked for
 * @param interrupted whether somebody cancelled before all was measured
 * @param skipped combinations that are impossible, or that this host cannot run
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Comparison(
        String schema,
        Host host,
        Map<String, Object> request,
        boolean interrupted,
        List<Cell> cells,
        @Nullable List<QemuCell> qemu,
        List<Skipped> skipped) {
    static final String SCHEMA = "pageflip.comparison/2";
    private static final double WIDE = 0.25;
    private static final long NS_PER_MS = 1_000_000;

    /**
     * One combination.
     *
     * @param options all options of {@code migrate}, resolved
     * @param status {@code completed}, {@code failed} if a run failed, or {@code not-run}
     * @param runs the runs that count
     * @param summary of the downtime; null unless the cell completed
     * @param seen what an observer outside saw, one for each of {@code runs}; null if nobody watched
     * @param predicted the prediction beside the measurement; null if none was asked for
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Cell(
            Map<String, Object> options,
            String status,
            List<RunResult> runs,
            @Nullable CellSummary summary,
            @Nullable List<@Nullable Seen> seen,
            @Nullable Predicted predicted)
            implements Row {
        /** The row in a few words. */
        public String name() {
            return Options.name(options);
        }

        /** The value of an option as people read it. */
        String option(String name) {
            return String.valueOf(options.get(name));
        }

        @Override
        public boolean hasFigures() {
            return summary != null;
        }

        @Override
        public @Nullable Summary says() {
            return summary == null ? null : summary.downtimeNs;
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
            return seen == null
                    ? List.of()
                    : seen.stream().filter(Objects::nonNull).toList();
        }

        @Override
        public @Nullable Double ratio() {
            return summary == null || summary.ratio == 0 ? null : summary.ratio;
        }

        @Override
        public @Nullable Summary stopResume() {
            return null;
        }

        @Override
        public int stopResumeRuns() {
            return 0;
        }

        @Override
        public @Nullable Long totalNs() {
            io.pageflip.metrics.Measured last = last();
            return last == null ? null : last.totalTimeMs() * NS_PER_MS;
        }

        @Override
        public @Nullable Long copiedBytes() {
            io.pageflip.metrics.Measured last = last();
            return last == null
                    ? null
                    : last.blocks().stream()
                            .mapToLong(block -> block.pages().copied() * block.pageSize())
                            .sum();
        }

        @Override
        public @Nullable Long memoryBytes() {
            Long peak =
                    runs.isEmpty() ? null : runs.get(runs.size() - 1).source().peakPssBytes();
            return peak == null || peak == 0 ? null : peak;
        }

        @Override
        public @Nullable String failure() {
            return runs.isEmpty() ? null : TextReport.sentence(runs.get(runs.size() - 1));
        }

        /** The median of the guest's lost time, over the runs that know it; null if none does. */
        @Nullable
        Long medianTimeLost() {
            return Runs.of(runs).medianTimeLost();
        }

        private Cell withRatio(@Nullable Double ratio) {
            CellSummary s = summary;
            if (s == null) {
                return this;
            }
            CellSummary other =
                    new CellSummary(s.runs, s.downtimeNs, s.spread, s.wideSpread, s.seen, ratio == null ? 0 : ratio);
            return new Cell(options, status, runs, other, seen, predicted);
        }

        /** Of the last run; none if that measured nothing. */
        PageCounts lastPages() {
            io.pageflip.metrics.Measured last = last();
            return last == null ? PageCounts.NONE : last.pages();
        }

        private io.pageflip.metrics.@Nullable Measured last() {
            return runs.isEmpty() ? null : runs.get(runs.size() - 1).measured();
        }
    }

    /**
     * The downtime of a cell.
     *
     * @param runs number of runs that it is computed from
     * @param spread the distance between its quartiles, as a part of its median
     * @param wideSpread whether the spread is so wide that the median says little
     * @param seen by an observer outside; null if nobody watched, or could see anything
     * @param ratio its median, divided by that of the reference, or by the least, of a row with the same RAM, vCPUs and
     *     dirty rate: of what was seen where real QEMU takes part, else of the downtime; 0 if one of both is not known
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CellSummary(
            int runs,
            Summary downtimeNs,
            double spread,
            boolean wideSpread,
            @Nullable SeenSummary seen,
            double ratio) {}

    /** A combination that was not tried: the options that set it apart from the others, and why. */
    public record Skipped(Map<String, Object> options, String reason) {}

    /** The runs of one combination before they are summed up, and their prediction if one was asked for. */
    public record Measured(
            Map<String, Object> options,
            List<RunResult> runs,
            boolean failed,
            @Nullable Prediction prediction,
            @Nullable List<@Nullable Seen> seen) {
        /** Of runs that nobody watched. */
        public Measured(
                Map<String, Object> options, List<RunResult> runs, boolean failed, @Nullable Prediction prediction) {
            this(options, runs, failed, prediction, null);
        }
    }

    /** Sums up what was measured, of pageflip alone; ratios are to the best. */
    public static Comparison of(
            Map<String, Object> request, boolean interrupted, List<Measured> measured, List<Skipped> skipped) {
        return of(request, interrupted, measured, null, skipped, null);
    }

    /**
     * Sums up what was measured, of pageflip and of real QEMU.
     *
     * @param reference the rows that ratios are to; null for the best with the same guest
     */
    public static Comparison of(
            Map<String, Object> request,
            boolean interrupted,
            List<Measured> measured,
            @Nullable List<QemuCell> qemu,
            List<Skipped> skipped,
            @Nullable Way reference) {
        List<Cell> cells = measured.stream().map(Comparison::cell).toList();
        boolean bySeen = qemu != null;
        Map<List<@Nullable Object>, Long> bases = new HashMap<>();
        for (Row row : rows(cells, qemu)) {
            Long figure = compared(row, bySeen);
            if (figure != null && (reference == null || Way.of(row.options()).equals(reference))) {
                bases.merge(row.guest(), figure, Math::min);
            }
        }
        return new Comparison(
                SCHEMA,
                Host.here(),
                request,
                interrupted,
                cells.stream()
                        .map(cell -> cell.withRatio(ratio(cell, bySeen, bases)))
                        .toList(),
                qemu == null
                        ? null
                        : qemu.stream()
                                .map(row -> row.withRatio(ratio(row, bySeen, bases)))
                                .toList(),
                skipped);
    }

    /** All rows, in the order in which they run. */
    List<Row> rows() {
        return rows(cells, qemu);
    }

    private static List<Row> rows(List<Cell> cells, @Nullable List<QemuCell> qemu) {
        List<Row> rows = new ArrayList<>(cells);
        rows.addAll(qemu == null ? List.of() : qemu);
        return rows;
    }

    /** What rows are compared by; null if the row does not have it. */
    private static @Nullable Long compared(Row row, boolean bySeen) {
        SeenSummary gap = row.gap();
        Summary says = row.says();
        if (bySeen) {
            return gap == null ? null : gap.ns().p50();
        }
        return says == null ? null : says.p50();
    }

    private static @Nullable Double ratio(Row row, boolean bySeen, Map<List<@Nullable Object>, Long> bases) {
        Long figure = compared(row, bySeen);
        Long base = bases.get(row.guest());
        return figure == null || base == null ? null : (double) figure / Math.max(1, base);
    }

    private static Cell cell(Measured measured) {
        Summary downtime = measured.failed ? null : Summary.of(measured.runs);
        String status = measured.failed ? "failed" : measured.runs.isEmpty() ? "not-run" : "completed";
        double spread = Summary.spread(measured.runs);
        SeenSummary seen = downtime == null || measured.seen == null
                ? null
                : SeenSummary.of(measured.seen, says(measured.runs), 1);
        CellSummary summary = downtime == null
                ? null
                : new CellSummary(measured.runs.size(), downtime, spread, spread > WIDE, seen, 1);
        Predicted predicted = measured.prediction == null ? null : Predicted.of(measured.prediction, measured.runs);
        return new Cell(measured.options, status, measured.runs, summary, measured.seen, predicted);
    }

    private static List<@Nullable Long> says(List<RunResult> runs) {
        List<@Nullable Long> says = new ArrayList<>();
        for (RunResult run : runs) {
            says.add(run.measured() == null ? null : run.measured().downtimeNs());
        }
        return says;
    }

    /** Whether some run had other page counts, or other reasons, than were predicted. */
    public boolean contradictsPrediction() {
        return cells.stream()
                .anyMatch(cell ->
                        cell.predicted != null && !cell.predicted.differences().isEmpty());
    }

    /** One JSON document, indented, with a line feed at its end. */
    public String json() {
        return ResultJson.document(this);
    }
}
