package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.workload.FrameUse;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.metrics.ResultJson;
import io.pageflip.prediction.Costs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The results of {@code pageflip simulate}, in the form of its JSON report; docs/json/README.md documents it.
 *
 * @param schema {@link #SCHEMA}
 * @param costs what the times are predicted from; null if no time is predicted
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SimulationReport(
        String schema,
        Host host,
        Map<String, Object> request,
        List<Kernel> kernels,
        @Nullable Costs costs) {
    static final String SCHEMA = "pageflip.simulation/1";

    private static final List<String> HEADER = List.of(
            "kernel", "moved", "copied", "failed", "claimed", "peak frames", "of RAM", "warnings", "pages phase");
    private static final String NO_COSTS =
            "pages phase: no time is predicted, since nothing was measured on this host; "
                    + "--calibrate measures it, --costs FILE gives it";

    /**
     * One kernel.
     *
     * @param pages how many were offered, and how many had each outcome
     * @param reasons pages by outcome, and then by reason
     * @param peakOfRam the most frames in use at once, of all processes, divided by the guest's pages
     * @param predictedPagesNs predicted length of the pages phase; null if it cannot be predicted
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Kernel(
            String kernel,
            Pages pages,
            Map<String, Map<String, Long>> reasons,
            FrameUse frames,
            double peakOfRam,
            Map<String, Long> warnings,
            Map<String, Long> defects,
            @Nullable Long predictedPagesNs) {}

    /** Numbers of pages of 4 KiB. The last four add up to {@code offered}. */
    public record Pages(long offered, long moved, long copied, long failed, long claimedNotMoved) {}

    /** Makes a report of these results, in their order. */
    public static SimulationReport of(
            Map<String, Object> request, Map<SimulatedKernel, SimulationResult> results, @Nullable Costs costs) {
        List<Kernel> kernels = new ArrayList<>();
        results.forEach((kernel, result) -> kernels.add(kernel(kernel, result, costs)));
        return new SimulationReport(SCHEMA, Host.here(), request, kernels, costs);
    }

    private static Kernel kernel(SimulatedKernel kernel, SimulationResult result, @Nullable Costs costs) {
        Map<String, Map<String, Long>> reasons = new TreeMap<>();
        for (Outcome outcome : Outcome.values()) {
            if (!result.reasons(outcome).isEmpty()) {
                reasons.put(word(outcome), result.reasons(outcome));
            }
        }
        return new Kernel(
                kernel.toString(),
                new Pages(
                        result.offered(),
                        result.count(Outcome.MOVED),
                        result.count(Outcome.COPIED),
                        result.count(Outcome.FAILED),
                        result.count(Outcome.CLAIMED_NOT_MOVED)),
                reasons,
                result.frames(),
                (double) result.frames().peak() / result.offered(),
                words(result.warnings()),
                words(result.defects()),
                costs == null ? null : costs.pagesNs(result));
    }

    private static Map<String, Long> words(Map<? extends Enum<?>, Long> counts) {
        Map<String, Long> words = new TreeMap<>();
        counts.forEach((constant, count) -> words.put(word(constant), count));
        return words;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** One JSON document, indented, with a line feed at its end. */
    public String json() {
        return ResultJson.document(this);
    }

    /**
     * For the terminal.
     *
     * @param guest a short description of the guest
     */
    public String text(String guest) {
        StringBuilder text =
                new StringBuilder("pageflip simulate: ").append(guest).append("\n\n");
        text.append(table().text()).append('\n');
        notes().forEach(note -> text.append(note).append('\n'));
        return text.toString();
    }

    /** One table and its notes, in Markdown. */
    public String markdown(String guest) {
        StringBuilder text = new StringBuilder();
        text.append(Table.escaped("pageflip simulate: " + guest)).append(".\n\n");
        text.append(table().markdown()).append('\n');
        notes().forEach(note -> text.append("- ").append(Table.escaped(note)).append('\n'));
        return text.toString();
    }

    /** Comma-separated values (RFC 4180, with line feeds): a line of names, and one for each kernel. */
    public String csv() {
        StringBuilder text = new StringBuilder();
        text.append(String.join(
                        ",",
                        request.keySet().stream()
                                .filter(name -> !name.equals("kernel"))
                                .toList()))
                .append(",kernel,offered,moved,copied,failed,claimed-not-moved,frames-before,frames-peak,frames-after,")
                .append("predicted-pages-ns\n");
        for (Kernel kernel : kernels) {
            Pages pages = kernel.pages;
            request.forEach((name, value) -> text.append(name.equals("kernel") ? "" : value + ","));
            text.append(kernel.kernel)
                    .append(',')
                    .append(pages.offered)
                    .append(',')
                    .append(pages.moved);
            text.append(',').append(pages.copied).append(',').append(pages.failed);
            text.append(',').append(pages.claimedNotMoved).append(',').append(kernel.frames.before());
            text.append(',').append(kernel.frames.peak()).append(',').append(kernel.frames.after());
            text.append(',').append(kernel.predictedPagesNs == null ? "" : kernel.predictedPagesNs);
            text.append('\n');
        }
        return text.toString();
    }

    private Table table() {
        return new Table(HEADER, 1, kernels.stream().map(SimulationReport::row).toList());
    }

    private static List<String> row(Kernel kernel) {
        Pages pages = kernel.pages;
        long warnings =
                kernel.warnings.values().stream().mapToLong(Long::longValue).sum();
        Long predicted = kernel.predictedPagesNs;
        return List.of(
                kernel.kernel,
                number(pages.moved),
                number(pages.copied),
                number(pages.failed),
                number(pages.claimedNotMoved),
                number(kernel.frames.peak()),
                String.format(Locale.ROOT, "%.2f", kernel.peakOfRam),
                number(warnings),
                predicted == null ? "-" : Words.duration(predicted));
    }

    /** The notes under the table, a sentence each. */
    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        for (Kernel kernel : kernels) {
            kernel.reasons.forEach((outcome, reasons) -> {
                if (!outcome.equals("moved")) {
                    notes.add(kernel.kernel + " " + outcome + ": " + list(reasons));
                }
            });
            if (!kernel.warnings.isEmpty()) {
                notes.add(kernel.kernel + " prints warnings: " + list(kernel.warnings));
            }
            if (!kernel.defects.isEmpty()) {
                notes.add(kernel.kernel + " has defects that the kernel does not notice: " + list(kernel.defects));
            }
        }
        Costs known = costs;
        if (known == null) {
            notes.add(NO_COSTS);
        } else {
            notes.add("pages phase: predicted from "
                    + known.mechanisms().entrySet().stream()
                            .map(cost -> String.format(
                                    Locale.ROOT,
                                    "%s %.0f ns",
                                    cost.getKey(),
                                    cost.getValue().nsPerPage()))
                            .collect(Collectors.joining(", "))
                    + " a page" + (known.host() == null ? "" : ", measured on " + known.host())
                    + "; a moved page costs what a flip does, a copied one what a gift does");
        }
        return notes;
    }

    private static String list(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(count -> number(count.getValue()) + " " + count.getKey())
                .collect(Collectors.joining(", "));
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
