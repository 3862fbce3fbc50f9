package io.pageflip.cli;

import io.pageflip.cli.report.TableOrder;
import io.pageflip.cli.report.TableUnit;
import io.pageflip.cli.report.Way;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of {@code compare} for its tables: the terminal's, and those in Markdown and HTML. */
final class TableOptions {
    private static final String SORT = "--sort";
    private static final String REFERENCE = "--reference";

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = SORT,
            paramLabel = "KEY",
            defaultValue = "run",
            description = "Order of rows with the same guest: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the "
                    + "order in which they run). The others have the least first.")
    private TableOrder order;

    @Option(
            names = "--unit",
            paramLabel = "UNIT",
            defaultValue = "auto",
            description =
                    "Unit of the times in tables: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, what suits "
                            + "each).")
    private TableUnit unit;

    @Option(
            names = REFERENCE,
            paramLabel = "ROW",
            description =
                    "The row that ratios are to, for each guest: its number, or words that no other row has, such "
                            + "as handover or \"qemu 10.0.2 precopy\" (default: the best).")
    private @Nullable String reference;

    /** Refuses what needs QEMU, where there is none. */
    void check(boolean besideQemu) {
        if (order == TableOrder.SEEN && !besideQemu) {
            throw new ParameterException(
                    spec.commandLine(), SORT + " " + order + " is for --qemu, which is not there; nobody watches");
        }
    }

    /**
     * The rows that ratios are to; null if they are to the best.
     *
     * @param ways those of all rows, in the order in which they run
     * @throws ParameterException if there is no such row, or more than one
     */
    @Nullable
    Way reference(List<Way> ways) {
        if (reference == null) {
            return null;
        }
        try {
            return Way.named(reference, ways);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), REFERENCE + " " + reference + ": " + e.getMessage(), e);
        }
    }

    TableOrder order() {
        return order;
    }

    TableUnit unit() {
        return unit;
    }

    /** Adds what was asked for to a request, as reports write it. */
    void describe(Map<String, Object> request, @Nullable Way reference) {
        if (order != TableOrder.RUN) {
            request.put("sort", order.toString());
        }
        if (unit != TableUnit.AUTO) {
            request.put("unit", unit.toString());
        }
        if (reference != null) {
            request.put("reference", reference.toString());
        }
    }
}
