package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The downtimes in the form of hyperfine's {@code --export-json}, for the scripts that plot it: one result for each
 * row, with the keys of hyperfine 1 and those of hyperfine 2 side by side. docs/exports.md says what each means here.
 */
public final class HyperfineJson {
    private static final double NS_PER_S = 1e9;

    private HyperfineJson() {}

    /**
     * One document, with a line feed at its end.
     *
     * @param command names the one row of a command that has no other; null for the rows' own names
     * @param exitCode of a run of pageflip
     */
    public static String of(Comparison comparison, @Nullable String command, ToIntFunction<RunResult> exitCode) {
        boolean seen = comparison.qemu() != null;
        List<Rows.Row> rows = Rows.of(comparison).stream()
                .filter(row -> row.runs().stream().anyMatch(run -> figure(run, seen) != null))
                .toList();
        List<Map<String, @Nullable Object>> results = new ArrayList<>();
        for (Rows.Row row : rows) {
            List<Rows.Run> runs =
                    row.runs().stream().filter(run -> figure(run, seen) != null).toList();
            Map<String, @Nullable Object> result = result(command == null ? row.name() : command, runs, seen, exitCode);
            result.put("figure", seen ? "seen" : "downtime");
            result.put("parameters", Rows.varied(row, rows));
            results.add(result);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("schema_version", 2);
        document.put("results", results);
        return ResultJson.document(document);
    }

    private static @Nullable Long figure(Rows.Run run, boolean seen) {
        return seen ? run.seenNs() : run.saysNs();
    }

    private static Map<String, @Nullable Object> result(
            String command, List<Rows.Run> runs, boolean seen, ToIntFunction<RunResult> exitCode) {
        long[] times = runs.stream().mapToLong(run -> ns(run, seen)).toArray();
        long[] sorted = times.clone();
        Arrays.sort(sorted);
        Map<String, @Nullable Object> figures = figures(times, sorted);
        List<Integer> exitCodes =
                runs.stream().map(run -> exitCode(run, exitCode)).toList();
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("command", command);
        result.putAll(figures);
        result.put("user", 0.0); // hyperfine has them always; pageflip does not measure them
        result.put("system", 0.0);
        result.put("times", LongStream.of(times).mapToObj(ns -> ns / NS_PER_S).toList());
        result.put("exit_codes", exitCodes);
        List<Map<String, Object>> measurements = new ArrayList<>();
        for (int i = 0; i < times.length; i++) {
            measurements.add(Map.of(
                    "time_wall_clock",
                    Map.of("value", times[i] / NS_PER_S, "unit", "second"),
                    "exit_code",
                    exitCodes.get(i)));
        }
        result.put("measurements", measurements);
        result.put("summary", Map.of("time_wall_clock", figures));
        return result;
    }

    private static Map<String, @Nullable Object> figures(long[] times, long[] sorted) {
        double mean = LongStream.of(times).average().orElseThrow();
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("mean", mean / NS_PER_S);
        figures.put("stddev", times.length == 1 ? null : stddev(times, mean) / NS_PER_S);
        figures.put("median", median(sorted) / NS_PER_S);
        figures.put("min", sorted[0] / NS_PER_S);
        figures.put("max", sorted[sorted.length - 1] / NS_PER_S);
        return figures;
    }

    private static long ns(Rows.Run run, boolean seen) {
        Long ns = figure(run, seen);
        return ns == null ? 0 : ns;
    }

    /** A QEMU whose guest found a bad page has the code of a failed verification. */
    private static int exitCode(Rows.Run run, ToIntFunction<RunResult> ofPageflip) {
        if (run.pageflip() != null) {
            return ofPageflip.applyAsInt(run.pageflip());
        }
        return run.qemu() == null || run.qemu().isGood() ? 0 : 3;
    }

    /** As hyperfine computes it: of an even number, the mean of the middle two. */
    private static double median(long[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
    }

    private static double stddev(long[] times, double mean) {
        double squares = LongStream.of(times)
                .mapToDouble(ns -> (ns - mean) * (ns - mean))
                .sum();
        return Math.sqrt(squares / (times.length - 1));
    }
}
