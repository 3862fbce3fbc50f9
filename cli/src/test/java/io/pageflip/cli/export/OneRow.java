package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.metrics.RunResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Comparisons with one row, as {@code migrate} makes them. */
final class OneRow {
    private OneRow() {}

    static Map<String, Object> options() {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("ram", 1L << 20);
        options.put("backing", "memfd");
        options.put("vcpus", 2);
        options.put("workload", "hotset");
        options.put("dirty-rate", 20_000);
        options.put("mechanism", "flip");
        options.put("channel", "unix");
        options.put("schedule", "postcopy");
        return options;
    }

    static Comparison of(RunResult... runs) {
        boolean failed = runs[runs.length - 1].error() != null;
        return Comparison.of(
                Map.of(), false, List.of(new Comparison.Measured(options(), List.of(runs), failed, null)), List.of());
    }
}
