package io.pageflip.cli.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A comparison as a person reads it: in the terminal, or as Markdown.
 *
 * @param heading what was compared, in one line
 * @param order of the rows
 * @param unit of the times in the tables
 * @param reference what ratios are to; null if they are to the best
 */
public record ComparisonText(
        String heading,
        Comparison comparison,
        TableOrder order,
        TableUnit unit,
        @Nullable Way reference) {
    private static final String OURS = "downtimes; spread of the middle half of the runs; ratio to ";
    private static final String BEST = "the best median for the same RAM, vCPUs and pages/s";

    private static final String BESIDE_QEMU =
            "medians of what each program says of its downtime (with the extremes), and of the longest gap that an "
                    + "observer outside saw; stop-resume: QEMU's events; idle: the longest gap without a migration; spread of the "
                    + "middle half of the runs; ratio to ";
    private static final String BEST_SEEN = "the best of what was seen with the same guest";
    private static final String MEMORY = "; memory of both processes";

    private static final String PREDICTED =
            "predicted: page counts, whether every run had them for the same reasons, and the pages phase beside its median";

    private String caption() {
        return comparison.qemu() == null
                ? OURS + (reference == null ? BEST : reference)
                : BESIDE_QEMU + (reference == null ? BEST_SEEN : "what was seen of " + reference) + MEMORY;
    }

    /** For the terminal. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(heading).append('\n').append(comparison.host()).append('\n');
        text.append(caption()).append("\n\n");
        text.append(ComparisonTable.of(comparison, order, unit).text());
        Table predictions = PredictionTable.of(comparison, unit);
        if (predictions != null) {
            text.append('\n').append(PREDICTED).append("\n\n").append(predictions.text());
        }
        List<String> notes = ComparisonNotes.of(comparison);
        if (!notes.isEmpty()) {
            text.append('\n').append(String.join("\n", notes)).append('\n');
        }
        return text.toString();
    }

    /** One table and its notes, in Markdown. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        text.append(Table.escaped(heading))
                .append("; ")
                .append(comparison.host())
                .append("; ");
        text.append(caption()).append(".\n\n");
        text.append(ComparisonTable.of(comparison, order, unit).markdown());
        Table predictions = PredictionTable.of(comparison, unit);
        if (predictions != null) {
            text.append('\n').append(PREDICTED).append(".\n\n").append(predictions.markdown());
        }
        List<String> notes = ComparisonNotes.of(comparison);
        if (!notes.isEmpty()) {
            text.append('\n');
            notes.forEach(note -> text.append("- ").append(Table.escaped(note)).append('\n'));
        }
        return text.toString();
    }
}
