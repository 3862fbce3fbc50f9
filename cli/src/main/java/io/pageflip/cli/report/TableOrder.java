package io.pageflip.cli.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The order of the rows of a table that have the same guest; those with different guests never mix. */
public enum TableOrder {
    /** As they run. */
    RUN("run", row -> 0L),
    /** By the median of what the program says. */
    DOWNTIME("downtime", row -> row.says() == null ? null : row.says().p50()),
    /** By the median of what an observer saw. */
    SEEN("seen", row -> row.gap() == null ? null : row.gap().ns().p50()),
    TOTAL("total", Row::totalNs);

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // a method without state
    private final Function<Row, @Nullable Long> figure;

    TableOrder(String label, Function<Row, @Nullable Long> figure) {
        this.label = label;
        this.figure = figure;
    }

    /** The least first; rows without the figure last. */
    List<Row> sorted(List<Row> rows) {
        Map<List<@Nullable Object>, List<Row>> byGuest = new LinkedHashMap<>();
        rows.forEach(row ->
                byGuest.computeIfAbsent(row.guest(), guest -> new ArrayList<>()).add(row));
        Comparator<Row> order = Comparator.comparing(figure, Comparator.nullsLast(Comparator.naturalOrder()));
        return byGuest.values().stream()
                .flatMap(same -> same.stream().sorted(order))
                .toList();
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
