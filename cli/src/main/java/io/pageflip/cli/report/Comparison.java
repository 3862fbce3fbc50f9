package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
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
 * @param interrupted whether somebody cancelled before all was measured
 * @param skipped combinations that are impossible, or that this host cannot run
 */
public record Comparison(
        String schema,
        Host host,
        Map<String, Object> request,
        boolean interrupted,
        List<Cell> cells,
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
     * @param predicted the prediction beside the measurement; null if none was asked for
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Cell(
            Map<String, Object> options,
            String status,
            List<RunResult> runs,
            @Nullable CellSummary summary,
            @Nullable Predicted predicted) {
        /** The value of an option as people read it. */
        String option(String name) {
            return String.valueOf(options.get(name));
        }

        private List<@Nullable Object> guest() {
            List<@Nullable Object> guest = new ArrayList<>();
            for (String name : List.of("ram", "vcpus", "dirty-rate")) {
                guest.add(options.get(name));
            }
            return guest;
        }
    }

    /**
     * The downtime of a cell.
     *
     * @param runs number of runs that it is computed from
     * @param spread the distance between its quartiles, as a part of its median
     * @param wideSpread whether the spread is so wide that the median says little
     * @param ratio its median, divided by the least median of a cell with the same RAM, vCPUs and dirty rate
     */
    public record CellSummary(int runs, Summary downtimeNs, double spread, boolean wideSpread, double ratio) {}

    /** A combination that was not tried: the options that set it apart from the others, and why. */
    public record Skipped(Map<String, Object> options, String reason) {}

    /** The runs of one combination before they are summed up, and their prediction if one was asked for. */
    public record Measured(
            Map<String, Object> options,
            List<RunResult> runs,
            boolean failed,
            @Nullable Prediction prediction) {}

    /** Sums up what was measured. */
    public static Comparison of(
            Map<String, Object> request, boolean interrupted, List<Measured> measured, List<Skipped> skipped) {
        List<Cell> cells = measured.stream().map(Comparison::cell).toList();
        Map<List<@Nullable Object>, Long> best = new HashMap<>();
        for (Cell cell : cells) {
            if (cell.summary != null) {
                best.merge(cell.guest(), cell.summary.downtimeNs.p50(), Math::min);
            }
        }
        cells = cells.stream().map(cell -> withRatio(cell, best)).toList();
        return new Comparison(SCHEMA, Host.here(), request, interrupted, cells, skipped);
    }

    private static Cell cell(Measured measured) {
        Summary downtime = measured.failed ? null : Summary.of(measured.runs);
        String status = measured.failed ? "failed" : measured.runs.isEmpty() ? "not-run" : "completed";
        double spread = Summary.spread(measured.runs);
        CellSummary summary =
                downtime == null ? null : new CellSummary(measured.runs.size(), downtime, spread, spread > WIDE, 1);
        Predicted predicted = measured.prediction == null ? null : Predicted.of(measured.prediction, measured.runs);
        return new Cell(measured.options, status, measured.runs, summary, predicted);
    }

    private static Cell withRatio(Cell cell, Map<List<@Nullable Object>, Long> best) {
        CellSummary s = cell.summary;
        if (s == null) {
            return cell;
        }
        double ratio = (double) s.downtimeNs.p50() / Math.max(1, Objects.requireNonNull(best.get(cell.guest())));
        return new Cell(
                cell.options,
                cell.status,
                cell.runs,
                new CellSummary(s.runs, s.downtimeNs, s.spread, s.wideSpread, ratio),
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
        try {
            return ResultJson.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report that cannot be written", e);
        }
    }
}
