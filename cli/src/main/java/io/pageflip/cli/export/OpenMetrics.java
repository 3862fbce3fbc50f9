package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.ResultJson;
import io.pageflip.qemu.QemuResult;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a comparison as an OpenMetrics text file, which the textfile collector of node_exporter takes as well:
 * it has gauges and summaries only. Summaries are over the runs of a row; all else is about the row's last run.
 * docs/exports.md lists the names.
 */
public final class OpenMetrics {
    private static final int NS_DIGITS = 9;
    private static final int MS_DIGITS = 3;
    private static final int[] QUANTILES_PER_MILLE = {0, 500, 900, 990, 1000};

    private final StringBuilder text = new StringBuilder();
    private final List<Rows.Row> rows;

    private OpenMetrics(Comparison comparison) {
        rows = Rows.of(comparison);
    }

    /** The whole file, its last line included. */
    public static String of(Comparison comparison) {
        OpenMetrics metrics = new OpenMetrics(comparison);
        metrics.times();
        metrics.pages();
        metrics.others();
        return metrics.text.append("# EOF\n").toString();
    }

    private void times() {
        summary(
                "pageflip_downtime_seconds",
                "What the program says of its downtime. pageflip: from the last guest instruction at the source to "
                        + "the first at the destination.",
                NS_DIGITS,
                Rows.Run::saysNs);
        summary(
                "pageflip_seen_seconds",
                "The longest gap in the guest's heartbeat around the switchover that an observer outside saw.",
                NS_DIGITS,
                Rows.Run::seenNs);
        summary(
                "pageflip_stop_resume_seconds",
                "From QEMU's event STOP at the source to its event RESUME at the destination.",
                NS_DIGITS,
                qemu(QemuResult::stopResumeNs));
        summary(
                "pageflip_blackout_seconds",
                "Postcopy: until the first heartbeat at the destination was in memory.",
                NS_DIGITS,
                measured(Measured::blackoutNs));
        summary(
                "pageflip_total_seconds",
                "The whole migration, preparations included.",
                MS_DIGITS,
                run -> run.qemu() != null
                        ? run.qemu().totalTime()
                        : measured(Measured::totalTimeMs).apply(run));
        summary("pageflip_setup_seconds", "Until both sides are ready.", MS_DIGITS, measured(Measured::setupTimeMs));
        family("pageflip_downtime_phase_seconds", "gauge", "seconds", "A phase of the downtime.", row -> {
            Measured last = row.last();
            return last == null ? Map.of() : phases(last.downtimePhasesNs());
        });
    }

    private static Map<Map<String, String>, String> phases(DowntimePhases phases) {
        Map<Map<String, String>, String> samples = new LinkedHashMap<>();
        ResultJson.MAPPER
                .valueToTree(phases)
                .properties()
                .forEach(phase -> samples.put(
                        Map.of("phase", phase.getKey()),
                        decimal(phase.getValue().longValue(), NS_DIGITS)));
        return samples;
    }

    private void pages() {
        pages("pageflip_moved_pages", "Pages that the destination maps in the same frame.", PageCounts::moved);
        pages("pageflip_zero_pages", "Pages that held nothing, so that nothing crossed.", PageCounts::zero);
        reasons("pageflip_copied_pages", "Pages whose bytes were copied, by reason.", PageCounts::copyReasons);
        reasons(
                "pageflip_declined_pages",
                "Pages whose move was declined and that nobody had to copy, by reason.",
                PageCounts::declineReasons);
    }

    private void pages(String name, String help, Function<PageCounts, Long> count) {
        gauge(name, "pages", help, row -> {
            Measured last = row.last();
            return last == null ? null : count.apply(last.pages()).toString();
        });
    }

    private void reasons(String name, String help, Function<PageCounts, Map<String, Long>> reasons) {
        family(name, "gauge", "pages", help, row -> {
            Map<Map<String, String>, String> samples = new LinkedHashMap<>();
            Measured last = row.last();
            if (last != null) {
                reasons.apply(last.pages())
                        .forEach((reason, pages) -> samples.put(Map.of("reason", reason), pages.toString()));
            }
            return samples;
        });
    }

    private void others() {
        gauge("pageflip_transferred_bytes", "bytes", "Bytes that went through the channel.", row -> {
            Rows.Run last =
                    row.runs().isEmpty() ? null : row.runs().get(row.runs().size() - 1);
            Long bytes = last == null
                    ? null
                    : last.qemu() != null
                            ? last.qemu().transferredBytes()
                            : measured(measured -> measured.ram().transferred()).apply(last);
            return bytes == null ? null : bytes.toString();
        });
        gauge("pageflip_peak_memory_bytes", "bytes", "The most memory (PSS) of both agents together.", row -> {
            Rows.Run last =
                    row.runs().isEmpty() ? null : row.runs().get(row.runs().size() - 1);
            Long bytes = last == null || last.pageflip() == null
                    ? null
                    : last.pageflip().source().peakPssBytes();
            return bytes == null || bytes == 0 ? null : bytes.toString();
        });
        gauge(
                "pageflip_downtime_ratio",
                "ratio",
                "The median to the least median of a row with the same guest: of what was seen, where QEMU takes part.",
                row -> row.ratio() == null ? null : row.ratio().toString());
        gauge(
                "pageflip_runs",
                "",
                "Runs that count.",
                row -> Integer.toString(row.runs().size()));
    }

    private static Function<Rows.Run, @Nullable Long> measured(Function<Measured, @Nullable Long> figure) {
        return run -> {
            Measured measured = run.measured();
            return measured == null ? null : figure.apply(measured);
        };
    }

    private static Function<Rows.Run, @Nullable Long> qemu(Function<QemuResult, @Nullable Long> figure) {
        return run -> run.qemu() == null ? null : figure.apply(run.qemu());
    }

    private void gauge(String name, String unit, String help, Function<Rows.Row, @Nullable String> value) {
        family(name, "gauge", unit, help, row -> {
            String sample = value.apply(row);
            return sample == null ? Map.of() : Map.of(Map.of(), sample);
        });
    }

    /** @param samples their labels besides those of the row, and their values */
    private void family(
            String name,
            String type,
            String unit,
            String help,
            Function<Rows.Row, Map<Map<String, String>, String>> samples) {
        int before = text.length();
        header(name, type, unit, help);
        int lines = text.length();
        for (Rows.Row row : rows) {
            samples.apply(row).forEach((labels, value) -> sample(name, row, labels, value));
        }
        dropIfEmpty(before, lines);
    }

    /** @param digits how many digits of the figure stand behind the decimal point of a second */
    private void summary(String name, String help, int digits, Function<Rows.Run, @Nullable Long> figure) {
        int before = text.length();
        header(name, "summary", "seconds", help);
        int lines = text.length();
        for (Rows.Row row : rows) {
            long[] sorted = row.runs().stream()
                    .map(figure)
                    .filter(Objects::nonNull)
                    .mapToLong(Long::longValue)
                    .sorted()
                    .toArray();
            if (sorted.length > 0) {
                long sum = 0;
                for (long value : sorted) {
                    sum += value;
                }
                for (int perMille : QUANTILES_PER_MILLE) {
                    sample(
                            name,
                            row,
                            Map.of("quantile", decimal(perMille, 3)),
                            decimal(Percentile.of(sorted, perMille), digits));
                }
                sample(name + "_count", row, Map.of(), Integer.toString(sorted.length));
                sample(name + "_sum", row, Map.of(), decimal(sum, digits));
            }
        }
        dropIfEmpty(before, lines);
    }

    private void header(String name, String type, String unit, String help) {
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        if (!unit.isEmpty()) {
            text.append("# UNIT ").append(name).append(' ').append(unit).append('\n');
        }
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    }

    private void dropIfEmpty(int before, int lines) {
        if (text.length() == lines) {
            text.setLength(before);
        }
    }

    private void sample(String name, Rows.Row row, Map<String, String> labels, String value) {
        List<String> words = new ArrayList<>();
        row.parameters().forEach((label, word) -> words.add(label.replace('-', '_') + "=\"" + escaped(word) + '"'));
        labels.forEach((label, word) -> words.add(label + "=\"" + escaped(word) + '"'));
        text.append(name)
                .append('{')
                .append(String.join(",", words))
                .append("} ")
                .append(value)
                .append('\n');
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static String decimal(long value, int digits) {
        BigDecimal decimal = BigDecimal.valueOf(value, digits).stripTrailingZeros();
        return (decimal.scale() < 1 ? decimal.setScale(1) : decimal).toPlainString();
    }
}
