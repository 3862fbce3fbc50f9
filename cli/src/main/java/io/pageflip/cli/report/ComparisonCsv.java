package io.pageflip.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.MigrationGaps;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A comparison as comma-separated values (RFC 4180, with line feeds): one row for each run. A value that a run does not
 * have is empty.
 */
public final class ComparisonCsv {
    private static final List<String> RUN =
            List.of("run", "status", "total-time-ms", "setup-time-ms", "peak-pss-bytes", "downtime-ns");
    /** What an observer saw, and what only QEMU tells: only where QEMU takes part. */
    private static final List<String> BESIDE_QEMU =
            List.of("seen-ns", "seen-at-least-ns", "seen-at-most-ns", "stop-resume-ns", "transferred-bytes");

    /** What the migration cost the guest. */
    private static final List<String> LOST =
            List.of("lost-ns", "lost-before-ns", "lost-downtime-ns", "lost-after-ns", "longest-gap-ns");

    private static final List<String> PAGES = List.of("pages", "moved", "copied", "declined", "zero");

    private final Set<String> options = new LinkedHashSet<>();
    private final Set<String> phases = new LinkedHashSet<>();
    private final StringBuilder text = new StringBuilder();
    private final boolean besideQemu;

    private ComparisonCsv(Comparison comparison) {
        besideQemu = comparison.qemu() != null;
        for (Comparison.Cell cell : comparison.cells()) {
            options.addAll(cell.options().keySet());
            cell.runs().forEach(run -> phases(run).fieldNames().forEachRemaining(phases::add));
        }
        if (comparison.qemu() != null) {
            comparison.qemu().forEach(row -> options.addAll(row.options().keySet()));
        }
    }

    /** A line of names, and the rows. */
    public static String of(Comparison comparison) {
        ComparisonCsv csv = new ComparisonCsv(comparison);
        csv.header();
        for (Comparison.Cell cell : comparison.cells()) {
            for (int i = 0; i < cell.runs().size(); i++) {
                csv.row(cell, i);
            }
        }
        if (comparison.qemu() != null) {
            for (QemuCell row : comparison.qemu()) {
                for (int i = 0; i < row.runs().size(); i++) {
                    csv.row(row, i);
                }
            }
        }
        return csv.text.toString();
    }

    private void header() {
        List<String> names = new ArrayList<>(options);
        names.addAll(RUN);
        if (besideQemu) {
            names.addAll(BESIDE_QEMU);
        }
        phases.forEach(phase -> names.add(phase + "-ns"));
        names.addAll(LOST);
        names.addAll(PAGES);
        Arrays.stream(CopyReason.values()).forEach(reason -> names.add("copied-" + reason));
        Arrays.stream(DeclineReason.values()).forEach(reason -> names.add("declined-" + reason));
        names.add("error");
        line(names);
    }

    private void row(Comparison.Cell cell, int number) {
        RunResult run = cell.runs().get(number);
        List<@Nullable Object> values = new ArrayList<>();
        options.forEach(option -> values.add(cell.options().get(option)));
        values.add(number + 1);
        values.add(run.status());
        Measured measured = run.measured();
        values.add(measured == null ? null : measured.totalTimeMs());
        values.add(measured == null ? null : measured.setupTimeMs());
        values.add(run.source().peakPssBytes());
        values.add(measured == null ? null : measured.downtimeNs());
        if (besideQemu) {
            addSeen(values, cell.seen() == null ? null : cell.seen().get(number));
            values.add(null);
            values.add(measured == null ? null : measured.ram().transferred());
        }
        JsonNode parts = phases(run);
        phases.forEach(phase -> values.add(parts.path(phase).asText()));
        addLost(values, measured);
        addPages(values, measured == null ? null : measured.pages());
        values.add(run.error() == null ? null : run.error().message());
        line(values);
    }

    private void row(QemuCell row, int number) {
        QemuResult run = row.runs().get(number);
        List<@Nullable Object> values = new ArrayList<>();
        options.forEach(option -> values.add(row.options().get(option)));
        values.add(number + 1);
        values.add(run.status());
        values.add(run.totalTime());
        values.add(null);
        values.add(null);
        values.add(run.saysNs());
        addSeen(values, run.seen());
        values.add(run.stopResumeNs());
        values.add(run.transferredBytes());
        phases.forEach(phase -> values.add(null));
        addLost(values, null);
        addPages(values, null);
        values.add(run.error());
        line(values);
    }

    private static void addSeen(List<@Nullable Object> values, @Nullable Seen seen) {
        values.add(seen == null ? null : seen.ns());
        values.add(seen == null ? null : seen.atLeastNs());
        values.add(seen == null ? null : seen.atMostNs());
    }

    private static void addLost(List<@Nullable Object> values, @Nullable Measured measured) {
        GuestTimeLost lost = measured == null ? null : measured.guestTimeLost();
        values.add(lost == null ? null : lost.totalNs());
        values.add(lost == null ? null : lost.beforeNs());
        values.add(lost == null ? null : lost.downtimeNs());
        values.add(lost == null ? null : lost.afterNs());
        MigrationGaps gaps = measured == null ? null : measured.migrationGaps();
        values.add(
                gaps == null || gaps.longest().isEmpty()
                        ? null
                        : gaps.longest().get(0).ns());
    }

    private static void addPages(List<@Nullable Object> values, @Nullable PageCounts pages) {
        if (pages == null) {
            for (int i = 0; i < PAGES.size() + CopyReason.values().length + DeclineReason.values().length; i++) {
                values.add(null);
            }
            return;
        }
        values.addAll(List.of(pages.total(), pages.moved(), pages.copied(), pages.declined(), pages.zero()));
        for (CopyReason reason : CopyReason.values()) {
            values.add(pages.copyReasons().getOrDefault(reason.toString(), 0L));
        }
        for (DeclineReason reason : DeclineReason.values()) {
            values.add(pages.declineReasons().getOrDefault(reason.toString(), 0L));
        }
    }

    private static JsonNode phases(RunResult run) {
        return ResultJson.MAPPER.valueToTree(run).path("downtime-phases-ns");
    }

    private void line(List<? extends @Nullable Object> values) {
        text.append(String.join(",", values.stream().map(ComparisonCsv::quoted).toList()))
                .append('\n');
    }

    private static String quoted(@Nullable Object value) {
        String word = value == null ? "" : value.toString();
        boolean plain = word.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? word : '"' + word.replace("\"", "\"\"") + '"';
    }
}
