package io.pageflip.metrics;

import java.util.List;

/** Measurements made by hand, for tests that need one and do not care about most of it. */
public final class MeasuredSamples {
    private MeasuredSamples() {}

    /** Of a guest with one block. */
    public static Measured of(DowntimePhases phases, PageCounts pages) {
        return new Measured(
                1,
                1,
                new Measured.Ram(pages.total() * 4096, 0, 0, 0, 0, 0, 4096, 0, 0),
                phases,
                null,
                null,
                null,
                List.of(new Measured.Block("ram", "memfd", 4096, pages.total() * 4096, pages, 1)),
                new Evidence(true, 0, 0, 0, 0, Evidence.DecidedBy.NONE),
                new Measured.GuestActivity(1, 1, 1),
                new Throughput(1, 0, 0, List.of(), 0, null),
                null,
                MigrationGaps.of(List.of()),
                new IdleGaps(0, 0, List.of()),
                null);
    }
}
