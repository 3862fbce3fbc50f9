package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.Measured;
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

/** A comparison as a table of words: one row for each cell, for the terminal and for Markdown. */
final class ComparisonTable {
    /** Columns from this one on are numbers, and are aligned to the right. */
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

    /** A column that is there only if some page was declined. */
    private static final String DECLINED = "declined";

    private static final String NONE = "-";

    private ComparisonTable() {}

    /** The measurements: {@link #HEADER}, and a row for each cell. */
    static Table measured(Comparison comparison) {
        boolean declines = comparison.cells().stream()
                .anyMatch(cell -> lastPages(cell.runs()).declined() > 0);
        List<String> header = new ArrayList<>(HEADER);
        if (declines) {
            header.add(DECLINED);
        }
        List<List<String>> rows = comparison.cells().stream()
                .map(cell -> row(cell, header.size(), declines))
                .toList();
        return new Table(header, FIRST_NUMBER, rows);
    }

    private static List<String> row(Comparison.Cell cell, int columns, boolean declines) {
        List<String> row = new ArrayList<>(options(cell.options()));
        Comparison.CellSummary summary = cell.summary();
        if (summary == null) {
            row.addAll(List.of(Integer.toString(cell.runs().size()), cell.status()));
            row.addAll(Collections.nCopies(columns - row.size(), NONE));
            return row;
        }
        Summary downtime = summary.downtimeNs();
        row.add(Integer.toString(summary.runs()));
        row.add(Words.duration(downtime.p50()));
        row.add(Words.duration(downtime.min()));
        row.add(Words.duration(downtime.max()));
        row.add(Words.duration(downtime.p99()));
        row.add(String.format(Locale.ROOT, "%.0f %%", summary.spread() * 100));
        row.add(String.format(Locale.ROOT, "%.2f", summary.ratio()));
        PageCounts pages = lastPages(cell.runs());
        row.add(Words.number(pages.moved()));
        row.add(Words.number(pages.copied()));
        if (declines) {
            row.add(Words.number(pages.declined()));
        }
        return row;
    }

    /** The predictions: a row for each cell that has one; null if none has. */
    static @Nullable Table predictions(Comparison comparison) {
        boolean declines = comparison.cells().stream()
                .map(Comparison.Cell::predicted)
                .anyMatch(predicted -> predicted != null
                        && predicted.pages() != null
                        && predicted.pages().declined() > 0);
        List<List<String>> rows = new ArrayList<>();
        for (Comparison.Cell cell : comparison.cells()) {
            if (cell.predicted() != null) {
                rows.add(predicted(cell.options(), cell.predicted(), declines));
            }
        }
        List<String> header = new ArrayList<>(HEADER.subList(0, FIRST_NUMBER));
        header.addAll(declines ? List.of("moved", "copied", DECLINED, "zero") : List.of("moved", "copied", "zero"));
        header.addAll(List.of("counts", "pages phase", "measured", "error"));
        return rows.isEmpty() ? null : new Table(header, FIRST_NUMBER, rows);
    }

    private static List<String> predicted(Map<String, Object> options, Predicted predicted, boolean declines) {
        List<String> row = new ArrayList<>(options(options));
        PageCounts pages = predicted.pages();
        row.addAll(pages == null ? Collections.nCopies(declines ? 4 : 3, NONE) : counts(pages, declines));
        row.add(predicted.verdict());
        row.add(duration(predicted.pagesNs()));
        row.add(duration(predicted.measuredPagesNs()));
        Double error = predicted.errorPercent();
        row.add(error == null ? NONE : String.format(Locale.ROOT, "%+.0f %%", error));
        return row;
    }

    private static List<String> counts(PageCounts pages, boolean declines) {
        Stream<Long> counts = declines
                ? Stream.of(pages.moved(), pages.copied(), pages.declined(), pages.zero())
                : Stream.of(pages.moved(), pages.copied(), pages.zero());
        return counts.map(Words::number).toList();
    }

    private static String duration(@Nullable Long ns) {
        return ns == null ? NONE : Words.duration(ns);
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
        Measured last = runs.isEmpty() ? null : runs.get(runs.size() - 1).measured();
        return last == null ? PageCounts.NONE : last.pages();
    }

    /** A short description of a combination. */
    static String name(Map<String, Object> options) {
        String rate = word(options, "dirty-rate");
        List<String> words =
                List.of(ram(options), word(options, "mechanism"), word(options, "schedule"), word(options, "backing"));
        return words.stream().filter(word -> !word.equals(NONE)).collect(Collectors.joining(" ")) + ", "
                + word(options, "vcpus") + " vCPU, " + rate + " pages/s";
    }

    /** The notes under the table, a sentence each. */
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
                    + ": the middle half of the runs spans more than 25 % of their median; other work keeps this "
                    + "machine busy, or more --runs and a --warmup are needed");
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
