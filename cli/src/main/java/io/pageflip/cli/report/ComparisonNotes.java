package io.pageflip.cli.report;

import io.pageflip.metrics.Percentile;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What a reader of a comparison must know besides its table: a sentence each. */
final class ComparisonNotes {
    private static final double RATE_TOLERANCE = 0.05;

    private ComparisonNotes() {}

    static List<String> of(Comparison comparison) {
        List<String> notes = new ArrayList<>();
        if (comparison.interrupted()) {
            notes.add("interrupted: this is what was measured until then");
        }
        addSpread(notes, comparison);
        for (Comparison.Cell cell : comparison.cells()) {
            if (cell.predicted() != null) {
                addPrediction(notes, cell, cell.predicted());
            }
            addFailure(notes, cell);
        }
        if (comparison.qemu() != null) {
            addQemu(notes, comparison, comparison.qemu());
        }
        Map<String, List<String>> skipped = new LinkedHashMap<>();
        for (Comparison.Skipped one : comparison.skipped()) {
            String what = Options.nameWithoutRam(one.options()) + ": " + one.reason();
            skipped.computeIfAbsent(what, key -> new ArrayList<>()).add(Options.ram(one.options()));
        }
        skipped.forEach((what, sizes) -> notes.add("skipped: " + String.join(", ", sizes) + " " + what));
        return notes;
    }

    private static void addSpread(List<String> notes, Comparison comparison) {
        long wide = comparison.cells().stream()
                .map(Comparison.Cell::summary)
                .filter(summary -> summary != null && summary.wideSpread())
                .count();
        if (wide > 0) {
            notes.add("warning: wide spread in " + wide + " of "
                    + comparison.cells().size()
                    + ": the middle half of the runs spans more than 25 % of their median; other work keeps this "
                    + "machine busy, or more --runs and a --warmup are needed");
        }
    }

    private static void addPrediction(List<String> notes, Comparison.Cell cell, Predicted predicted) {
        String name = Options.name(cell.options());
        predicted
                .differences()
                .forEach(difference -> notes.add("PREDICTION AND MEASUREMENT DIFFER: " + name + ": " + difference));
        if (predicted.undetermined() != null) {
            notes.add("not predicted: " + name + ": " + predicted.undetermined());
        }
    }

    private static void addFailure(List<String> notes, Row row) {
        String failure = row.status().equals("failed") ? row.failure() : null;
        if (failure != null) {
            notes.add("failed: " + Options.name(row.options()) + ": " + failure);
        }
    }

    private static void addQemu(List<String> notes, Comparison comparison, List<QemuCell> qemu) {
        if (comparison.rows().stream().map(Row::gap).anyMatch(gap -> gap != null && gap.differs())) {
            notes.add("* the program says otherwise than an observer saw, by more than its looks and 5 % allow");
        }
        qemu.forEach(cell -> addFailure(notes, cell));
        qemu.forEach(cell -> addRate(notes, cell));
        qemu.forEach(cell -> addMemory(notes, cell));
        notes.add("observer: looked " + looks(comparison));
    }

    /** A guest that did not get the rate that was asked for. */
    private static void addRate(List<String> notes, QemuCell cell) {
        long[] rates = cell.runs().stream()
                .map(QemuResult::rateBefore)
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
        if (rates.length > 0 && cell.options().get(Options.DIRTY_RATE) instanceof Number asked) {
            long got = Percentile.of(rates, Percentile.MEDIAN);
            if (Math.abs(got - asked.longValue()) > RATE_TOLERANCE * asked.longValue()
                    && !"idle".equals(cell.options().get("workload"))) {
                notes.add("rate: " + Options.name(cell.options()) + ": the guest wrote " + Words.number(got)
                        + " pages/s");
            }
        }
    }

    /** A row whose memory is not known. */
    private static void addMemory(List<String> notes, QemuCell cell) {
        String error = cell.summary() == null ? null : cell.summary().peakPssError();
        if (error != null) {
            notes.add("memory: " + Options.name(cell.options()) + ": the run that measures it failed: " + error);
        }
    }

    private static String looks(Comparison comparison) {
        List<Seen> all = comparison.rows().stream()
                .map(Row::watched)
                .flatMap(List::stream)
                .toList();
        long[] intervals = all.stream().mapToLong(Seen::intervalNs).sorted().toArray();
        long idle = all.stream().mapToLong(Seen::idleNs).max().orElse(0);
        long longest = all.stream().mapToLong(Seen::longestNs).max().orElse(0);
        double most = all.stream().mapToDouble(Seen::cpuPercent).max().orElse(0);
        return intervals.length == 0
                ? "at nothing"
                : String.format(
                        Locale.ROOT,
                        "every %s (median of the runs; at worst every %s), with at most %.1f %% of a processor; longest "
                                + "gap %s without a migration, %s at any time of one",
                        Words.duration(Percentile.of(intervals, Percentile.MEDIAN)),
                        Words.duration(intervals[intervals.length - 1]),
                        most,
                        Words.duration(idle),
                        Words.duration(longest));
    }
}
