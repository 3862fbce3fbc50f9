package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuMode;
import io.pageflip.qemu.QemuResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A comparison as a table of words: one row for each cell, for the terminal and for Markdown. */
final class ComparisonTable {
    /** Columns from this one on are numbers, and are aligned to the right. */
    static final int FIRST_NUMBER = 6;

    static final List<String> HEADER = List.of(
            "RAM",
            "vCPUs",
            "pages/s",
            "mechanism",
            "schedule",
            "backing",
            "runs",
            "median",
            "min",
            "max",
            "p99",
            "spread",
            "ratio",
            "moved",
            "copied");

    /** A column that is there only if some page was declined. */
    private static final String DECLINED = "declined";

    private static final String NONE = "-";
    private static final String RATIO = "ratio";

    private ComparisonTable() {}

    /** The measurements: {@link #HEADER}, and a row for each cell. */
    static Table measured(Comparison comparison) {
        boolean declines = comparison.cells().stream()
                .anyMatch(cell -> lastPages(cell.runs()).declined() > 0);
        List<String> header = new ArrayList<>(HEADER);
        if (declines) {
            header.add(DECLINED);
        }
        List<List<String>> rows = comparison.cells().stream()
                .map(cell -> row(cell, header.size(), declines))
                .toList();
        return new Table(header, FIRST_NUMBER, rows);
    }

    private static final double RATE_TOLERANCE = 0.05;

    /** The modes with which QEMU's own total time ends with the old process. */
    private static final Set<String> RESTARTS = Arrays.stream(QemuMode.values())
            .filter(QemuMode::restarts)
            .map(QemuMode::toString)
            .collect(Collectors.toSet());

    /** The columns where real QEMU takes part. */
    private static final List<String> BESIDE_QEMU = List.of(
            "RAM",
            "vCPUs",
            "pages/s",
            "program",
            "schedule",
            "backing",
            "runs",
            "says",
            "min",
            "max",
            "p99",
            "seen",
            "stop-resume",
            RATIO,
            "total",
            "copied",
            "memory");

    /** The rows of pageflip and those of real QEMU in one table, those with the same guest one below the other. */
    static Table besideQemu(Comparison comparison, List<QemuCell> qemu) {
        Set<List<String>> bounded = boundedGuests(comparison, qemu);
        Map<List<String>, List<List<String>>> byGuest = new LinkedHashMap<>();
        for (Comparison.Cell cell : comparison.cells()) {
            add(
                    byGuest,
                    besideQemu(cell),
                    cell.summary() == null ? null : cell.summary().seen(),
                    bounded);
        }
        for (QemuCell cell : qemu) {
            add(
                    byGuest,
                    besideQemu(cell),
                    cell.summary() == null ? null : cell.summary().seen(),
                    bounded);
        }
        return new Table(
                BESIDE_QEMU,
                FIRST_NUMBER,
                byGuest.values().stream().flatMap(List::stream).toList());
    }

    private static List<String> guest(List<String> row) {
        return row.subList(0, 3);
    }

    /**
     * Guests whose best row is only known to be below something: the ratios of the others are at least what they say.
     */
    private static Set<List<String>> boundedGuests(Comparison comparison, List<QemuCell> qemu) {
        Set<List<String>> guests = new HashSet<>();
        for (Comparison.Cell cell : comparison.cells()) {
            Comparison.CellSummary summary = cell.summary();
            if (summary != null && summary.seen() != null && summary.seen().below() && summary.ratio() == 1) {
                guests.add(guest(besideQemu(cell)));
            }
        }
        for (QemuCell cell : qemu) {
            QemuCell.QemuSummary summary = cell.summary();
            Double ratio = summary == null ? null : summary.ratio();
            if (summary != null && summary.seen() != null && summary.seen().below() && ratio != null && ratio == 1) {
                guests.add(guest(besideQemu(cell)));
            }
        }
        return guests;
    }

    private static void add(
            Map<List<String>, List<List<String>>> byGuest,
            List<String> row,
            @Nullable SeenSummary seen,
            Set<List<String>> bounded) {
        int at = BESIDE_QEMU.indexOf(RATIO);
        boolean best = row.get(at).equals("1.00");
        if (seen != null && bounded.contains(guest(row)) && !best) {
            row.set(at, seen.below() ? NONE : "> " + row.get(at));
        }
        byGuest.computeIfAbsent(List.copyOf(guest(row)), guest -> new ArrayList<>())
                .add(row);
    }

    private static List<String> besideQemu(Comparison.Cell cell) {
        List<String> row = new ArrayList<>(options(cell.options()));
        row.set(3, "pageflip " + row.get(3));
        Comparison.CellSummary summary = cell.summary();
        if (summary == null) {
            return unfinished(row, cell.runs().size(), cell.status());
        }
        RunResult last = cell.runs().get(cell.runs().size() - 1);
        addTimes(row, summary.runs(), summary.downtimeNs());
        row.add(summary.seen() == null ? NONE : summary.seen().words());
        row.add(NONE);
        row.add(summary.seen() == null ? NONE : ratio(summary.ratio(), summary.seen()));
        Measured measured = last.measured();
        row.add(measured == null ? NONE : measured.totalTimeMs() + " ms");
        row.add(measured == null ? NONE : Quantity.format(copiedBytes(measured)));
        Long peak = last.source().peakPssBytes();
        row.add(peak == null || peak == 0 ? NONE : Quantity.format(peak));
        return row;
    }

    private static List<String> besideQemu(QemuCell cell) {
        Map<String, Object> options = cell.options();
        Object limit = options.get("downtime-limit");
        List<String> row = new ArrayList<>(List.of(
                ram(options),
                word(options, "vcpus"),
                word(options, "dirty-rate"),
                word(options, "program"),
                word(options, "mode") + (limit == null ? "" : " " + limit + " ms"),
                word(options, "backing")));
        QemuCell.QemuSummary summary = cell.summary();
        if (summary == null) {
            return unfinished(row, cell.runs().size(), cell.status());
        }
        addTimes(row, summary.runs(), summary.saysNs());
        row.add(summary.seen() == null ? NONE : summary.seen().words());
        row.add(
                summary.stopResumeNs() == null
                        ? NONE
                        : Words.duration(summary.stopResumeNs().p50()));
        row.add(summary.ratio() == null || summary.seen() == null ? NONE : ratio(summary.ratio(), summary.seen()));
        row.add(total(options, summary));
        row.add(summary.transferredBytes() == null ? NONE : Quantity.format(summary.transferredBytes()));
        row.add(summary.peakPssBytes() == null ? NONE : Quantity.format(summary.peakPssBytes()));
        return row;
    }

    /** QEMU's own total time ends with the old process, where the new one reads a file. */
    private static String total(Map<String, Object> options, QemuCell.QemuSummary summary) {
        if (RESTARTS.contains(String.valueOf(options.get("mode"))) && summary.wallNs() != null) {
            return Words.duration(summary.wallNs());
        }
        return summary.totalTime() == null ? NONE : summary.totalTime() + " ms";
    }

    private static List<String> unfinished(List<String> row, int runs, String status) {
        row.addAll(List.of(Integer.toString(runs), status));
        row.addAll(Collections.nCopies(BESIDE_QEMU.size() - row.size(), NONE));
        return row;
    }

    private static void addTimes(List<String> row, int runs, @Nullable Summary says) {
        row.add(Integer.toString(runs));
        if (says == null) {
            row.addAll(Collections.nCopies(4, NONE));
        } else {
            row.add(Words.duration(says.p50()));
            row.add(Words.duration(says.min()));
            row.add(Words.duration(says.max()));
            row.add(Words.duration(says.p99()));
        }
    }

    private static String ratio(double ratio, SeenSummary seen) {
        return String.format(Locale.ROOT, seen.below() && ratio > 1 ? "< %.2f" : "%.2f", ratio);
    }

    private static long copiedBytes(Measured measured) {
        return measured.blocks().stream()
                .mapToLong(block -> block.pages().copied() * block.pageSize())
                .sum();
    }

    private static List<String> row(Comparison.Cell cell, int columns, boolean declines) {
        List<String> row = new ArrayList<>(options(cell.options()));
        Comparison.CellSummary summary = cell.summary();
        if (summary == null) {
            row.addAll(List.of(Integer.toString(cell.runs().size()), cell.status()));
            row.addAll(Collections.nCopies(columns - row.size(), NONE));
            return row;
        }
        Summary downtime = summary.downtimeNs();
        row.add(Integer.toString(summary.runs()));
        row.add(Words.duration(downtime.p50()));
        row.add(Words.duration(downtime.min()));
        row.add(Words.duration(downtime.max()));
        row.add(Words.duration(downtime.p99()));
        row.add(String.format(Locale.ROOT, "%.0f %%", summary.spread() * 100));
        row.add(String.format(Locale.ROOT, "%.2f", summary.ratio()));
        PageCounts pages = lastPages(cell.runs());
        row.add(Words.number(pages.moved()));
        row.add(Words.number(pages.copied()));
        if (declines) {
            row.add(Words.number(pages.declined()));
        }
        return row;
    }

    /** The predictions: a row for each cell that has one; null if none has. */
    static @Nullable Table predictions(Comparison comparison) {
        boolean declines = comparison.cells().stream()
                .map(Comparison.Cell::predicted)
                .anyMatch(predicted -> predicted != null
                        && predicted.pages() != null
                        && predicted.pages().declined() > 0);
        List<List<String>> rows = new ArrayList<>();
        for (Comparison.Cell cell : comparison.cells()) {
            if (cell.predicted() != null) {
                rows.add(predicted(cell.options(), cell.predicted(), declines));
            }
        }
        List<String> header = new ArrayList<>(HEADER.subList(0, FIRST_NUMBER));
        header.addAll(declines ? List.of("moved", "copied", DECLINED, "zero") : List.of("moved", "copied", "zero"));
        header.addAll(List.of("counts", "pages phase", "measured", "error"));
        return rows.isEmpty() ? null : new Table(header, FIRST_NUMBER, rows);
    }

    private static List<String> predicted(Map<String, Object> options, Predicted predicted, boolean declines) {
        List<String> row = new ArrayList<>(options(options));
        PageCounts pages = predicted.pages();
        row.addAll(pages == null ? Collections.nCopies(declines ? 4 : 3, NONE) : counts(pages, declines));
        row.add(predicted.verdict());
        row.add(duration(predicted.pagesNs()));
        row.add(duration(predicted.measuredPagesNs()));
        Double error = predicted.errorPercent();
        row.add(error == null ? NONE : String.format(Locale.ROOT, "%+.0f %%", error));
        return row;
    }

    private static List<String> counts(PageCounts pages, boolean declines) {
        Stream<Long> counts = declines
                ? Stream.of(pages.moved(), pages.copied(), pages.declined(), pages.zero())
                : Stream.of(pages.moved(), pages.copied(), pages.zero());
        return counts.map(Words::number).toList();
    }

    private static String duration(@Nullable Long ns) {
        return ns == null ? NONE : Words.duration(ns);
    }

    private static List<String> options(Map<String, Object> options) {
        return List.of(
                ram(options),
                word(options, "vcpus"),
                word(options, "dirty-rate"),
                word(options, "mechanism"),
                word(options, "schedule"),
                word(options, "backing"));
    }

    private static String ram(Map<String, Object> options) {
        return options.get("ram") instanceof Number bytes ? Quantity.formatExact(bytes.longValue()) : NONE;
    }

    private static String word(Map<String, Object> options, String name) {
        Object value = options.get(name);
        return value == null ? NONE : value.toString();
    }

    private static PageCounts lastPages(List<RunResult> runs) {
        Measured last = runs.isEmpty() ? null : runs.get(runs.size() - 1).measured();
        return last == null ? PageCounts.NONE : last.pages();
    }

    /** A short description of a combination. */
    static String name(Map<String, Object> options) {
        return ram(options) + " " + nameWithoutRam(options);
    }

    private static String nameWithoutRam(Map<String, Object> options) {
        String rate = word(options, "dirty-rate");
        List<String> words = options.containsKey("program")
                ? List.of(word(options, "program"), word(options, "mode"), word(options, "backing"))
                : List.of(word(options, "mechanism"), word(options, "schedule"), word(options, "backing"));
        return words.stream().filter(word -> !word.equals(NONE)).collect(Collectors.joining(" ")) + ", "
                + word(options, "vcpus") + " vCPU, " + rate + " pages/s";
    }

    /** The notes under the table, a sentence each. */
    static List<String> notes(Comparison comparison) {
        List<String> notes = new ArrayList<>();
        if (comparison.interrupted()) {
            notes.add("interrupted: this is what was measured until then");
        }
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
        for (Comparison.Cell cell : comparison.cells()) {
            Predicted predicted = cell.predicted();
            if (predicted != null) {
                predicted
                        .differences()
                        .forEach(difference -> notes.add(
                                "PREDICTION AND MEASUREMENT DIFFER: " + name(cell.options()) + ": " + difference));
                if (predicted.undetermined() != null) {
                    notes.add("not predicted: " + name(cell.options()) + ": " + predicted.undetermined());
                }
            }
            if (cell.status().equals("failed") && !cell.runs().isEmpty()) {
                RunResult last = cell.runs().get(cell.runs().size() - 1);
                notes.add(cell.status() + ": " + name(cell.options()) + ": " + TextReport.sentence(last));
            }
        }
        if (comparison.qemu() != null) {
            addQemu(notes, comparison, comparison.qemu());
        }
        Map<String, List<String>> skipped = new LinkedHashMap<>();
        for (Comparison.Skipped one : comparison.skipped()) {
            String what = nameWithoutRam(one.options()) + ": " + one.reason();
            skipped.computeIfAbsent(what, key -> new ArrayList<>()).add(ram(one.options()));
        }
        skipped.forEach((what, sizes) -> notes.add("skipped: " + String.join(", ", sizes) + " " + what));
        return notes;
    }

    private static void addQemu(List<String> notes, Comparison comparison, List<QemuCell> qemu) {
        boolean differs = comparison.cells().stream()
                        .map(Comparison.Cell::summary)
                        .anyMatch(summary -> summary != null
                                && summary.seen() != null
                                && summary.seen().differs())
                || qemu.stream()
                        .map(QemuCell::summary)
                        .anyMatch(summary -> summary != null
                                && summary.seen() != null
                                && summary.seen().differs());
        if (differs) {
            notes.add("* the program says otherwise than an observer saw, by more than its looks and 5 % allow");
        }
        for (QemuCell cell : qemu) {
            String error = cell.status().equals("failed") ? cell.error() : null;
            if (error != null) {
                notes.add("failed: " + name(cell.options()) + ": " + error);
            }
        }
        for (QemuCell cell : qemu) {
            addRate(notes, cell);
        }
        notes.add("observer: looked " + looks(comparison, qemu));
    }

    /** A guest that did not get the rate that was asked for. */
    private static void addRate(List<String> notes, QemuCell cell) {
        long[] rates = cell.runs().stream()
                .map(QemuResult::rateBefore)
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
        if (rates.length > 0 && cell.options().get("dirty-rate") instanceof Number asked) {
            long got = Percentile.of(rates, Percentile.MEDIAN);
            if (Math.abs(got - asked.longValue()) > RATE_TOLERANCE * asked.longValue()
                    && !"idle".equals(cell.options().get("workload"))) {
                notes.add("rate: " + name(cell.options()) + ": the guest wrote " + Words.number(got) + " pages/s");
            }
        }
    }

    private static String looks(Comparison comparison, List<QemuCell> qemu) {
        List<Seen> all = Stream.concat(
                        comparison.cells().stream()
                                .map(Comparison.Cell::seen)
                                .filter(Objects::nonNull)
                                .flatMap(List::stream),
                        qemu.stream().flatMap(cell -> cell.runs().stream()).map(QemuResult::seen))
                .filter(Objects::nonNull)
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
                                + "gap %s before a migration, %s at any time of one",
                        Words.duration(Percentile.of(intervals, Percentile.MEDIAN)),
                        Words.duration(intervals[intervals.length - 1]),
                        most,
                        Words.duration(idle),
                        Words.duration(longest));
    }
}
