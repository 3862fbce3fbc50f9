package io.pageflip.cli.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A comparison as a table of words, for the terminal and for Markdown: a row for each combination that could run. */
final class ComparisonTable {
    /** The columns that say which combination a row is. */
    static final List<Column> OUR_OPTIONS =
            List.of(Column.RAM, Column.VCPUS, Column.RATE, Column.MECHANISM, Column.SCHEDULE, Column.BACKING);

    private static final List<Column> OPTIONS_BESIDE_QEMU =
            List.of(Column.RAM, Column.VCPUS, Column.RATE, Column.PROGRAM, Column.SCHEDULE, Column.BACKING);

    private ComparisonTable() {}

    /** The rows of pageflip and those of real QEMU in one table, those with the same guest one below the other. */
    static Table of(Comparison comparison, TableOrder order, TableUnit unit) {
        return comparison.qemu() == null
                ? table(OUR_OPTIONS, ours(comparison, unit), order.sorted(comparison.rows()))
                : table(OPTIONS_BESIDE_QEMU, besideQemu(comparison, unit), order.sorted(comparison.rows()));
    }

    private static List<Column> ours(Comparison comparison, TableUnit unit) {
        List<Column> figures = new ArrayList<>(Column.says("median", unit));
        figures.addAll(List.of(Column.SPREAD, ratio(comparison), Column.timeLost(unit), Column.MOVED, Column.COPIED));
        if (comparison.cells().stream().anyMatch(cell -> cell.lastPages().declined() > 0)) {
            figures.add(Column.DECLINED);
        }
        return figures;
    }

    private static List<Column> besideQemu(Comparison comparison, TableUnit unit) {
        List<Column> figures = new ArrayList<>(Column.says("says", unit));
        figures.addAll(List.of(
                Column.seen(unit),
                Column.stopResume(unit),
                Column.idle(unit),
                Column.SPREAD,
                ratio(comparison),
                Column.timeLost(unit),
                Column.total(unit),
                Column.MOVED,
                Column.COPIED_BYTES,
                Column.MEMORY));
        return figures;
    }

    private static Table table(List<Column> options, List<Column> figures, List<Row> rows) {
        List<String> header = Stream.of(
                        options.stream().map(Column::name),
                        Stream.of("runs"),
                        figures.stream().map(Column::name))
                .flatMap(names -> names)
                .toList();
        return new Table(
                header,
                options.size(),
                rows.stream().map(row -> words(row, options, figures)).toList());
    }

    private static List<String> words(Row row, List<Column> options, List<Column> figures) {
        List<String> words = new ArrayList<>();
        options.forEach(column -> words.add(column.words().apply(row)));
        words.add(Integer.toString(row.runs().size()));
        if (row.hasFigures()) {
            figures.forEach(column -> words.add(column.words().apply(row)));
        } else {
            words.add(row.status());
            words.addAll(Collections.nCopies(figures.size() - 1, Options.NONE));
        }
        return words;
    }

    /**
     * What ratios refer to may itself only be known to be below something: then the ratios of the others are at least
     * what they say.
     */
    private static Column ratio(Comparison comparison) {
        Set<List<@Nullable Object>> bounded = new HashSet<>();
        for (Row row : comparison.rows()) {
            if (isOne(row.ratio()) && row.gap() != null && row.gap().below()) {
                bounded.add(row.guest());
            }
        }
        return new Column("ratio", row -> ratio(row.ratio(), row.gap(), bounded.contains(row.guest())));
    }

    private static String ratio(@Nullable Double ratio, @Nullable SeenSummary gap, boolean bounded) {
        if (ratio == null) {
            return Options.NONE;
        }
        String words = String.format(Locale.ROOT, "%.2f", ratio);
        if (gap == null || isOne(ratio)) {
            return words;
        }
        if (bounded) {
            return gap.below() ? Options.NONE : "> " + words;
        }
        return gap.below() ? "< " + words : words;
    }

    private static boolean isOne(@Nullable Double ratio) {
        return ratio != null && ratio == 1;
    }
}
