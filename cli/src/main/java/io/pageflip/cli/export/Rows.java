package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.cli.report.QemuCell;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The rows of a comparison, of pageflip and of real QEMU, in one form. */
final class Rows {
    private static final List<String> PARAMETERS = List.of(
            "program",
            "binary",
            "mode",
            "mechanism",
            "schedule",
            "backing",
            "ram",
            "vcpus",
            "dirty-rate",
            "downtime-limit");

    /**
     * One run.
     *
     * @param pageflip null if it was QEMU
     * @param qemu null if it was pageflip
     * @param seen what an observer outside saw; null if nobody watched
     */
    record Run(
            @Nullable RunResult pageflip,
            @Nullable QemuResult qemu,
            @Nullable Seen seen) {
        /** The destination's figures; null if it has none, or was QEMU. */
        @Nullable
        Measured measured() {
            return pageflip == null ? null : pageflip.measured();
        }

        /** The downtime that the program reports, in nanoseconds; null if it reports none. */
        @Nullable
        Long saysNs() {
            if (qemu != null) {
                return qemu.saysNs();
            }
            Measured measured = measured();
            return measured == null ? null : Long.valueOf(measured.downtimeNs());
        }

        /** As the comparison counts it: the gap, or else the longest silence that may have been missed. */
        @Nullable
        Long seenNs() {
            return seen == null ? null : seen.ns() != null ? seen.ns() : seen.atMostNs();
        }
    }

    /**
     * One row.
     *
     * @param name in a few words
     * @param parameters what sets it apart from other rows
     * @param ratio to the best row with the same guest; null if it has none
     */
    record Row(
            String name,
            Map<String, String> parameters,
            List<Run> runs,
            @Nullable Double ratio) {
        /** The last run's figures; null if it has none. */
        @Nullable
        Measured last() {
            return runs.isEmpty() ? null : runs.get(runs.size() - 1).measured();
        }
    }

    private Rows() {}

    /** All rows, those of pageflip first. */
    static List<Row> of(Comparison comparison) {
        List<Row> rows = new ArrayList<>();
        for (Comparison.Cell cell : comparison.cells()) {
            List<Run> runs = new ArrayList<>();
            for (int i = 0; i < cell.runs().size(); i++) {
                runs.add(new Run(
                        cell.runs().get(i),
                        null,
                        cell.seen() == null ? null : cell.seen().get(i)));
            }
            Double ratio = cell.summary() == null || cell.summary().ratio() == 0
                    ? null
                    : Double.valueOf(cell.summary().ratio());
            rows.add(new Row(cell.name(), parameters(cell.options()), runs, ratio));
        }
        for (QemuCell cell : Objects.requireNonNullElse(comparison.qemu(), List.<QemuCell>of())) {
            List<Run> runs = cell.runs().stream()
                    .map(run -> new Run(null, run, run.seen()))
                    .toList();
            rows.add(new Row(
                    cell.name(),
                    parameters(cell.options()),
                    runs,
                    cell.summary() == null ? null : cell.summary().ratio()));
        }
        return rows;
    }

    /** Those parameters of a row in which some of {@code rows} differ. */
    static Map<String, String> varied(Row row, List<Row> rows) {
        Map<String, String> varied = new LinkedHashMap<>(row.parameters());
        varied.entrySet()
                .removeIf(parameter -> rows.stream()
                        .allMatch(other ->
                                parameter.getValue().equals(other.parameters().get(parameter.getKey()))));
        return varied;
    }

    private static Map<String, String> parameters(Map<String, Object> options) {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("program", "pageflip");
        for (String name : PARAMETERS) {
            Object value = options.get(name);
            if (value != null) {
                parameters.put(name, value.toString());
            }
        }
        return parameters;
    }
}
