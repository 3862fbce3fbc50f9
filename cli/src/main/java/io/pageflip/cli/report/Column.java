package io.pageflip.cli.report;

import static io.pageflip.cli.report.Options.NONE;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.PageCounts;
import io.pageflip.observer.Seen;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A column of a table of a comparison.
 *
 * @param words what it shows of a row that has figures, or of any row if it is one of the options
 */
record Column(String name, Function<Row, String> words) {
    static final Column RAM = new Column("RAM", row -> Options.ram(row.options()));
    static final Column VCPUS = option("vCPUs", Options.VCPUS);
    static final Column RATE = option("pages/s", Options.DIRTY_RATE);
    static final Column MECHANISM = option("mechanism", "mechanism");
    static final Column BACKING = option("backing", "backing");
    static final Column PROGRAM =
            new Column("program", row -> Way.of(row.options()).program());
    static final Column SCHEDULE =
            new Column("schedule", row -> Way.of(row.options()).schedule());

    static final Column SPREAD = new Column("spread", row -> {
        Double spread = row.spread();
        return spread == null ? NONE : String.format(Locale.ROOT, "%.0f %%", spread * 100);
    });
    static final Column MOVED = pages("moved", PageCounts::moved);
    static final Column COPIED = pages("copied", PageCounts::copied);
    static final Column DECLINED = pages("declined", PageCounts::declined);
    static final Column COPIED_BYTES = new Column("copied", row -> bytes(row.copiedBytes()));
    static final Column MEMORY = new Column("memory", row -> bytes(row.memoryBytes()));

    private static final long NS_PER_MS = 1_000_000;

    private static Column option(String name, String option) {
        return new Column(name, row -> Options.word(row.options(), option));
    }

    private static Column pages(String name, Function<PageCounts, Long> count) {
        return new Column(
                name, row -> row instanceof Comparison.Cell cell ? Words.number(count.apply(cell.lastPages())) : NONE);
    }

    /**
     * The median of what a program says, and the extremes.
     *
     * @param median the name of the column of the median
     */
    static List<Column> says(String median, TableUnit unit) {
        return List.of(
                says(median, Summary::p50, unit),
                says("min", Summary::min, unit),
                says("max", Summary::max, unit),
                says("p99", Summary::p99, unit));
    }

    private static Column says(String name, Function<Summary, Long> figure, TableUnit unit) {
        return new Column(name, row -> {
            Summary says = row.says();
            return says == null ? NONE : unit.words(figure.apply(says));
        });
    }

    static Column seen(TableUnit unit) {
        return new Column("seen", row -> {
            SeenSummary gap = row.gap();
            return gap == null ? NONE : of(gap.words(unit), gap.runs(), row);
        });
    }

    static Column stopResume(TableUnit unit) {
        return new Column("stop-resume", row -> {
            Summary between = row.stopResume();
            return between == null ? NONE : of(unit.words(between.p50()), row.stopResumeRuns(), row);
        });
    }

    /** The longest gap of a row without a migration. */
    static Column idle(TableUnit unit) {
        return new Column("idle", row -> {
            long longest = row.watched().stream().mapToLong(Seen::idleNs).max().orElse(0);
            return longest == 0 ? NONE : unit.words(longest);
        });
    }

    /** A figure that not all runs of its row have says so. */
    private static String of(String figure, int runs, Row row) {
        return runs == row.runs().size()
                ? figure
                : figure + " (" + runs + " of " + row.runs().size() + ")";
    }

    /** What the migration cost the guest of pageflip: the median over the runs that know it. */
    static Column timeLost(TableUnit unit) {
        return new Column("lost", row -> {
            Long lost = row instanceof Comparison.Cell cell ? cell.medianTimeLost() : null;
            return lost == null ? NONE : unit.words(lost);
        });
    }

    /** Both programs report whole milliseconds; what was measured instead is exact. */
    static Column total(TableUnit unit) {
        return new Column("total", row -> {
            Long ns = row.totalNs();
            boolean whole = ns != null && unit == TableUnit.AUTO && ns % NS_PER_MS == 0;
            return ns == null ? NONE : whole ? ns / NS_PER_MS + " ms" : unit.words(ns);
        });
    }

    private static String bytes(@Nullable Long bytes) {
        return bytes == null ? NONE : Quantity.format(bytes);
    }
}
