package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
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
            @Nullable Predicted predicted) {
        /** The value of an option as people read it. */
        String option(String name) {
            return String.valueOf(options.get(name));
        }
    }

    /**
     * The downtime of a cell.
     *
     * @param runs number of runs that it is computed from
     * @param spread the distance between its quartiles, as a part of its median
     * @param wideSpread whether the spread is so wide that the median says little
     * @param seen by an observer outside; null if nobody watched, or could see anything
     * @param ratio its median, divided by the least median of a cell with the same RAM, vCPUs and dirty rate: of what
     *     was seen where real QEMU takes part (0 if nothing was), else of the downtime
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CellSummary(
            int runs,
            Summary downtimeNs,
            double spread,
            boolean wideSpread,
            @Nullable SeenSummary seen,
            double ratio) {
        /** What rows are compared by. */
        private long compared() {
            return seen == null ? downtimeNs.p50() : seen.ns().p50();
        }
    }

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

    /** Sums up what was measured. */
    public static Comparison of(
            Map<String, Object> request, boolean interrupted, List<Measured> measured, List<Skipped> skipped) {
        return of(request, interrupted, measured, null, skipped);
    }

    /** Sums up what was measured, of pageflip and of real QEMU. */
    public static Comparison of(
            Map<String, Object> request,
            boolean interrupted,
            List<Measured> measured,
            @Nullable List<QemuCell> qemu,
            List<Skipped> skipped) {
        List<Cell> cells = measured.stream().map(Comparison::cell).toList();
        Map<List<@Nullable Object>, Long> best = new HashMap<>();
        for (Cell cell : cells) {
            if (cell.summary != null && (qemu == null || cell.summary.seen != null)) {
                best.merge(guest(cell.options), cell.summary.compared(), Math::min);
            }
        }
        List<QemuCell> rows = qemu == null ? List.of() : qemu;
        for (QemuCell row : rows) {
            SeenSummary seen = row.summary() == null ? null : row.summary().seen();
            if (seen != null) {
                best.merge(guest(row.options()), seen.ns().p50(), Math::min);
            }
        }
        return new Comparison(
                SCHEMA,
                Host.here(),
                request,
                interrupted,
                cells.stream().map(cell -> withRatio(cell, best, qemu != null)).toList(),
                qemu == null
                        ? null
                        : rows.stream().map(row -> withRatio(row, best)).toList(),
                skipped);
    }

    private static List<@Nullable Object> guest(Map<String, Object> options) {
        List<@Nullable Object> guest = new ArrayList<>();
        for (String name : List.of("ram", "vcpus", "dirty-rate")) {
            guest.add(options.get(name));
        }
        return guest;
    }

    private static QemuCell withRatio(QemuCell row, Map<List<@Nullable Object>, Long> best) {
        SeenSummary seen = row.summary() == null ? null : row.summary().seen();
        return row.withRatio(
                seen == null
                        ? null
                        : (double) seen.ns().p50()
                                / Math.max(1, Objects.requireNonNull(best.get(guest(row.options())))));
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

    private static Cell withRatio(Cell cell, Map<List<@Nullable Object>, Long> best, boolean besideQemu) {
        CellSummary s = cell.summary;
        if (s == null) {
            return cell;
        }
        Long least = best.get(guest(cell.options));
        double ratio = least == null || (besideQemu && s.seen == null) ? 0 : (double) s.compared() / Math.max(1, least);
        return new Cell(
                cell.options,
                cell.status,
                cell.runs,
                new CellSummary(s.runs, s.downtimeNs, s.spread, s.wideSpread, s.seen, ratio),
                cell.seen,
                cell.predicted);
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
