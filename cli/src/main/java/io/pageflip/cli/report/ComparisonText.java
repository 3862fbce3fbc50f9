package io.pageflip.cli.report;

import java.util.ArrayList;
import java.util.List;

/** A comparison as a person reads it: in the terminal, or as Markdown. */
public final class ComparisonText {
    private static final String CAPTION =
            "downtimes; spread of the middle half of the runs; ratio to the best median for the same RAM, vCPUs and pages/s";

    private ComparisonText() {}

    /**
     * For the terminal.
     *
     * @param heading what was compared, in one line
     */
    public static String text(String heading, Comparison comparison) {
        StringBuilder text = new StringBuilder();
        text.append(heading).append('\n').append(comparison.host()).append('\n');
        text.append(CAPTION).append("\n\n");
        List<List<String>> lines = new ArrayList<>();
        lines.add(ComparisonTable.HEADER);
        lines.addAll(ComparisonTable.rows(comparison));
        int[] widths = widths(lines);
        for (List<String> line : lines) {
            text.append(aligned(line, widths)).append('\n');
        }
        List<String> notes = ComparisonTable.notes(comparison);
        if (!notes.isEmpty()) {
            text.append('\n').append(String.join("\n", notes)).append('\n');
        }
        return text.toString();
    }

    private static int[] widths(List<List<String>> lines) {
        int[] widths = new int[ComparisonTable.HEADER.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        return widths;
    }

    private static String aligned(List<String> words, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String gap = " ".repeat(widths[i] - words.get(i).length());
            boolean number = i >= ComparisonTable.FIRST_NUMBER;
            line.append(number ? gap + words.get(i) : words.get(i) + gap).append("  ");
        }
        return line.toString().stripTrailing();
    }

    /** One table and its notes, in Markdown. */
    public static String markdown(String heading, Comparison comparison) {
        StringBuilder text = new StringBuilder();
        text.append(escaped(heading)).append("; ").append(comparison.host()).append("; ");
        text.append(CAPTION).append(".\n\n");
        text.append(markdownRow(ComparisonTable.HEADER)).append('|');
        for (int i = 0; i < ComparisonTable.HEADER.size(); i++) {
            text.append(i < ComparisonTable.FIRST_NUMBER ? ":--|" : "--:|");
        }
        text.append('\n');
        ComparisonTable.rows(comparison).forEach(row -> text.append(markdownRow(row)));
        List<String> notes = ComparisonTable.notes(comparison);
        if (!notes.isEmpty()) {
            text.append('\n');
            notes.forEach(note -> text.append("- ").append(escaped(note)).append('\n'));
        }
        return text.toString();
    }

    private static String markdownRow(List<String> words) {
        return "| "
                + String.join(" | ", words.stream().map(ComparisonText::escaped).toList()) + " |\n";
    }

    private static String escaped(String words) {
        return words.replaceAll("[\\\\|*_<`\\[]", "\\\\$0").replace('\n', ' ');
    }
}
