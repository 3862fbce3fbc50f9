package io.pageflip.cli.report;

import io.pageflip.observer.Seen;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A row of a table of a comparison: a combination of pageflip, or one of real QEMU. What it does not have is null. */
sealed interface Row permits Comparison.Cell, QemuCell {
    Map<String, Object> options();

    /** {@code completed}, {@code failed} or {@code not-run}. */
    String status();

    /** The runs that count. */
    List<?> runs();

    /** Whether it completed, so that it has figures. */
    boolean hasFigures();

    /** What the program says of its downtime. */
    @Nullable
    Summary says();

    /** What an observer outside saw. */
    @Nullable
    SeenSummary gap();

    /** The distance between the quartiles of what the program says, as a part of their median. */
    @Nullable
    Double spread();

    /** What an observer outside saw of each run that somebody watched. */
    List<Seen> watched();

    /** See {@link Comparison.CellSummary#ratio()}. */
    @Nullable
    Double ratio();

    /** Between QEMU's events. */
    @Nullable
    Summary stopResume();

    /** How many runs that is told from. */
    int stopResumeRuns();

    /** The whole time of the migration. */
    @Nullable
    Long totalNs();

    @Nullable
    Long copiedBytes();

    /** Of both processes together. */
    @Nullable
    Long memoryBytes();

    /** Why its last run failed, in a sentence. */
    @Nullable
    String failure();

    /** What rows are compared within: RAM, vCPUs and dirty rate. */
    default List<@Nullable Object> guest() {
        List<@Nullable Object> guest = new ArrayList<>();
        for (String name : List.of(Options.RAM, Options.VCPUS, Options.DIRTY_RATE)) {
            guest.add(options().get(name));
        }
        return guest;
    }
}
