package io.pageflip.cli.report;

import java.util.List;

/** A comparison as a person reads it: in the terminal, or as Markdown. */
public final class ComparisonText {
    private static final String CAPTION =
            "downtimes; spread of the middle half of the runs; ratio to the best median for the same RAM, vCPUs and pages/s";

    private static final String PREDICTED =
            "predicted: page counts, whether every run had them for the same reasons, and the pages phase beside its median";

    private static final String BESIDE_QEMU =
            "medians of what each program says of its downtime (with the extremes), and of the longest gap that an "
                    + "observer outside saw; stop-resume: QEMU's events; ratio to the best of what was seen with the same "
                    + "guest; memory of both processes";

    private ComparisonText() {}

    private static String caption(Comparison comparison) {
        return comparison.qemu() == null ? CAPTION : BESIDE_QEMU;
    }

    private static Table table(Comparison comparison) {
        return comparison.qemu() == null
                ? ComparisonTable.measured(comparison)
                : ComparisonTable.besideQemu(comparison, comparison.qemu());
    }

    /**
     * For the terminal.
     *
     * @param heading what was compared, in one line
     */
    public static String text(String heading, Comparison comparison) {
        StringBuilder text = new StringBuilder();
        text.append(heading).append('\n').append(comparison.host()).append('\n');
        text.append(caption(comparison)).append("\n\n");
        text.append(table(comparison).text());
        Table predictions = ComparisonTable.predictions(comparison);
        if (predictions != null) {
            text.append('\n').append(PREDICTED).append("\n\n").append(predictions.text());
        }
        List<String> notes = ComparisonTable.notes(comparison);
        if (!notes.isEmpty()) {
            text.append('\n').append(String.join("\n", notes)).append('\n');
        }
        return text.toString();
    }

    /** One table and its notes, in Markdown. */
    public static String markdown(String heading, Comparison comparison) {
        StringBuilder text = new StringBuilder();
        text.append(Table.escaped(heading))
                .append("; ")
                .append(comparison.host())
                .append("; ");
        text.append(caption(comparison)).append(".\n\n");
        text.append(table(comparison).markdown());
        Table predictions = ComparisonTable.predictions(comparison);
        if (predictions != null) {
            text.append('\n').append(PREDICTED).append(".\n\n").append(predictions.markdown());
        }
        List<String> notes = ComparisonTable.notes(comparison);
        if (!notes.isEmpty()) {
            text.append('\n');
            notes.forEach(note -> text.append("- ").append(Table.escaped(note)).append('\n'));
        }
        return text.toString();
    }
}
