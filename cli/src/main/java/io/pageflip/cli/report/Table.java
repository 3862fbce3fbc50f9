package io.pageflip.cli.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A table of words, for the terminal or as Markdown.
 *
 * @param firstNumber columns from this one on are numbers, and are aligned to the right
 * @param rows each has as many words as the header
 */
record Table(List<String> header, int firstNumber, List<List<String>> rows) {
    /** For the terminal: a line for each row. */
    String text() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(header);
        lines.addAll(rows);
        int[] widths = widths(lines);
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            text.append(aligned(line, widths)).append('\n');
        }
        return text.toString();
    }

    private int[] widths(List<List<String>> lines) {
        int[] widths = new int[header.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        return widths;
    }

    private String aligned(List<String> words, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String gap = " ".repeat(widths[i] - words.get(i).length());
            line.append(i >= firstNumber ? gap + words.get(i) : words.get(i) + gap)
                    .append("  ");
        }
        return line.toString().stripTrailing();
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        text.append(markdownRow(header)).append('|');
        for (int i = 0; i < header.size(); i++) {
            text.append(i < firstNumber ? ":--|" : "--:|");
        }
        text.append('\n');
        rows.forEach(row -> text.append(markdownRow(row)));
        return text.toString();
    }

    private static String markdownRow(List<String> words) {
        return "| " + String.join(" | ", words.stream().map(Table::escaped).toList()) + " |\n";
    }

    /** Escapes words so that Markdown takes them literally. */
    static String escaped(String words) {
        return words.replaceAll("[\\\\|*_<`\\[]", "\\\\$0").replace('\n', ' ');
    }
}
