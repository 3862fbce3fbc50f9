package io.pageflip.cli.report;

import static io.pageflip.cli.report.Options.NONE;

import io.pageflip.metrics.PageCounts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The predictions of a comparison as a table of words, each beside what was measured. */
final class PredictionTable {
    private PredictionTable() {}

    /** A row for each cell that has a prediction; null if none has. */
    static @Nullable Table of(Comparison comparison, TableUnit unit) {
        List<Comparison.Cell> cells = comparison.cells().stream()
                .filter(cell -> cell.predicted() != null)
                .toList();
        if (cells.isEmpty()) {
            return null;
        }
        boolean declines = cells.stream()
                .map(Comparison.Cell::predicted)
                .anyMatch(predicted -> predicted != null
                        && predicted.pages() != null
                        && predicted.pages().declined() > 0);
        List<String> header = new ArrayList<>(
                ComparisonTable.OUR_OPTIONS.stream().map(Column::name).toList());
        header.addAll(declines ? List.of("moved", "copied", "declined", "zero") : List.of("moved", "copied", "zero"));
        header.addAll(List.of("counts", "pages phase", "measured", "error"));
        List<List<String>> rows = new ArrayList<>();
        for (Comparison.Cell cell : cells) {
            if (cell.predicted() != null) {
                rows.add(row(cell, cell.predicted(), declines, unit));
            }
        }
        return new Table(header, ComparisonTable.OUR_OPTIONS.size(), rows);
    }

    private static List<String> row(Comparison.Cell cell, Predicted predicted, boolean declines, TableUnit unit) {
        List<String> row = new ArrayList<>();
        ComparisonTable.OUR_OPTIONS.forEach(column -> row.add(column.words().apply(cell)));
        PageCounts pages = predicted.pages();
        row.addAll(pages == null ? Collections.nCopies(declines ? 4 : 3, NONE) : counts(pages, declines));
        row.add(predicted.verdict());
        row.add(duration(predicted.pagesNs(), unit));
        row.add(duration(predicted.measuredPagesNs(), unit));
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

    private static String duration(@Nullable Long ns, TableUnit unit) {
        return ns == null ? NONE : unit.words(ns);
    }
}
