package io.pageflip.cli.report;

import io.pageflip.metrics.PageCounts;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Formats figures for a person. */
final class Words {
    private static final double US = 1e3;
    private static final double MS = 1e6;
    private static final double S = 1e9;

    private Words() {}

    /** {@code 97.3 ms}, {@code 850 us}. */
    static String duration(long ns) {
        if (ns < 10 * US) {
            return String.format(Locale.ROOT, "%.1f us", ns / US);
        }
        if (ns < MS) {
            return String.format(Locale.ROOT, "%.0f us", ns / US);
        }
        if (ns < 10 * S) {
            return String.format(Locale.ROOT, ns < 100 * MS ? "%.2f ms" : "%.1f ms", ns / MS);
        }
        return String.format(Locale.ROOT, "%.1f s", ns / S);
    }

    /** {@code 266,240}. */
    static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** The counts of pages, with their reasons; declined pages only if there are any. */
    static String pages(PageCounts counts) {
        return number(counts.moved()) + " moved, "
                + number(counts.copied()) + " copied" + reasons(counts.copyReasons()) + ", "
                + (counts.declined() == 0
                        ? ""
                        : number(counts.declined()) + " declined" + reasons(counts.declineReasons()) + ", ")
                + number(counts.zero()) + " zero";
    }

    private static String reasons(Map<String, Long> reasons) {
        return reasons.isEmpty()
                ? ""
                : reasons.entrySet().stream()
                        .map(entry -> number(entry.getValue()) + " " + entry.getKey())
                        .collect(Collectors.joining(", ", " (", ")"));
    }
}
