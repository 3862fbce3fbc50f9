package io.pageflip.cli.report;

import java.util.Locale;

/** Lines of a report. Each has a label in the first column, which is empty if the line continues the one before. */
final class Lines {
    private final StringBuilder text = new StringBuilder();

    /** A whole line. */
    void add(String line) {
        text.append(line).append('\n');
    }

    /** A line with a label. */
    void add(String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-14s", label));
        add(String.format(Locale.ROOT, format, values));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
