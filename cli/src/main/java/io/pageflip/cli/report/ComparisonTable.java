package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.RunResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A comparison as a table of words: one row a cell, for the terminal and for Markdown. */
final class ComparisonTable {
    /** Columns from this one on are numbers, and stand to the right. */
    static final int FIRST_NUMBER = 6;

    static final List<String> HEADER = List.of(
            "RAM",
            "vCPUs",
            "pages/s",
            "mechanism",
            "schedule",
            "backing",
            "runs",
            "median",
            "min",
            "max",
            "p99",
            "spread",
            "ratio",
            "moved",
            "copied");

    private static final List<String> PREDICTED_HEADER = Stream.concat(
                    HEADER.stream().limit(FIRST_NUMBER),
                    Stream.of("moved", "copied", "zero", "counts", "pages phase", "measured", "error"))
            .toList();

    private static final String NONE = "-";

    private ComparisonTable() {}

    /** As many words as {@link #HEADER} has, for each cell. */
    static List<List<String>> rows(Comparison comparison) {
        return comparison.cells().stream().map(ComparisonTable::row).toList();
    }

    private static List<String> row(Comparison.Cell cell) {
        List<String> row = new ArrayList<>(options(cell.options()));
        Comparison.CellSummary summary = cell.summary();
        if (summary == null) {
            row.addAll(List.of(Integer.toString(cell.runs().size()), cell.status()));
            row.addAll(Collections.nCopies(HEADER.size() - row.size(), NONE));
            return row;
        }
        Summary downtime = summary.downtimeNs();
        row.add(Integer.toString(summary.runs()));
        row.add(TextReport.duration(downtime.p50()));
        row.add(TextReport.duration(downtime.min()));
        row.add(TextReport.duration(downtime.max()));
        row.add(TextReport.duration(downtime.p99()));
        row.add(String.format(Locale.ROOT, "%.0f %%", summary.spread() * 100));
        row.add(String.format(Locale.ROOT, "%.2f", summary.ratio()));
        PageCounts pages = lastPages(cell.runs());
        row.add(String.format(Locale.ROOT, "%,d", pages.moved()));
        row.add(String.format(Locale.ROOT, "%,d", pages.copied()));
        return row;
    }

    /** What was predicted, of the cells of which anything was; null if that is none. */
    static @Nullable Table predictions(Comparison comparison) {
        List<List<String>> rows = new ArrayList<>();
        for (Comparison.Cell cell : comparison.cells()) {
            if (cell.predicted() != null) {
                rows.add(predicted(cell.options(), cell.predicted()));
            }
        }
        return rows.isEmpty() ? null : new Table(PREDICTED_HEADER, FIRST_NUMBER, rows);
    }

    private static List<String> predicted(Map<String, Object> options, Predicted predicted) {
        List<String> row = new ArrayList<>(options(options));
        PageCounts pages = predicted.pages();
        row.addAll(pages == null ? Collections.nCopies(3, NONE) : counts(pages));
        row.add(predicted.verdict());
        row.add(duration(predicted.pagesNs()));
        row.add(duration(predicted.measuredPagesNs()));
        Double error = predicted.errorPercent();
        row.add(error == null ? NONE : String.format(Locale.ROOT, "%+.0f %%", error));
        return row;
    }

    private static List<String> counts(PageCounts pages) {
        return Stream.of(pages.moved(), pages.copied(), pages.zero())
                .map(count -> String.format(Locale.ROOT, "%,d", count))
                .toList();
    }

    private static String duration(@Nullable Long ns) {
        return ns == null ? NONE : TextReport.duration(ns);
    }

    private static List<String> options(Map<String, Object> options) {
        return List.of(
                ram(options),
                word(options, "vcpus"),
                word(options, "dirty-rate"),
                word(options, "mechanism"),
                word(options, "schedule"),
                word(options, "backing"));
    }

    private static String ram(Map<String, Object> options) {
        return options.get("ram") instanceof Number bytes ? Quantity.formatExact(bytes.longValue()) : NONE;
    }

    private static String word(Map<String, Object> options, String name) {
        Object value = options.get(name);
        return value == null ? NONE : value.toString();
    }

    private static PageCounts lastPages(List<RunResult> runs) {
        PageCounts pages = runs.get(runs.size() - 1).pages();
        return pages == null ? PageCounts.NONE : pages;
    }

    /** One combination in a few words. */
    static String name(Map<String, Object> options) {
        String rate = word(options, "dirty-rate");
        List<String> words =
                List.of(ram(options), word(options, "mechanism"), word(options, "schedule"), word(options, "backing"));
        return words.stream().filter(word -> !word.equals(NONE)).collect(Collectors.joining(" ")) + ", "
                + word(options, "vcpus") + " vCPU, " + rate + " pages/s";
    }

    /** What a reader must know besides: a sentence each. */
    static List<String> notes(Comparison comparison) {
        List<String> notes = new ArrayList<>();
        if (comparison.interrupted()) {
            notes.add("interrupted: this is what was measured until then");
        }
        long wide = comparison.cells().stream()
                .map(Comparison.Cell::summary)
                .filter(summary -> summary != null && summary.wideSpread())
                .count();
        if (wide > 0) {
            notes.add("warning: wide spread in " + wide + " of "
                    + comparison.cells().size()
                    + ": the middle half of the runs spans more than 25 % of their median; something else keeps this "
                    + "machine busy, or it takes more --runs and a --warmup");
        }
        for (Comparison.Cell cell : comparison.cells()) {
            Predicted predicted = cell.predicted();
            if (predicted != null) {
                predicted
                        .differences()
                        .forEach(difference -> notes.add(
                                "PREDICTION AND MEASUREMENT DIFFER: " + name(cell.options()) + ": " + difference));
                if (predicted.undetermined() != null) {
                    notes.add("not predicted: " + name(cell.options()) + ": " + predicted.undetermined());
                }
            }
            if (cell.status().equals("failed") && !cell.runs().isEmpty()) {
                RunResult last = cell.runs().get(cell.runs().size() - 1);
                notes.add(cell.status() + ": " + name(cell.options()) + ": " + TextReport.sentence(last));
            }
        }
        comparison
                .skipped()
                .forEach(skipped -> notes.add("skipped: " + name(skipped.options()) + ": " + skipped.reason()));
        return notes;
    }
}
