package io.pageflip.cli.report;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.Throughput;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Results made by hand. */
final class Samples {
    private Samples() {}

    /** A guest of 4 pages that were flipped, of which one was a hole, and an odd page that was copied. */
    static RunResult completed(DowntimePhases phases) {
        PageCounts ram = new PageCounts(4, 3, 0, 1, Map.of());
        PageCounts rom = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));
        return new RunResult(
                MigrationStatus.COMPLETED,
                "destination",
                321L,
                21L,
                Math.round(phases.total() / 1e6),
                new RunResult.Ram(16_896, 640, 0, 1, 4, 12_800, 4096, 51_200, 2_000_000),
                phases.total(),
                phases,
                14_000L,
                null,
                null,
                ram.plus(rom),
                List.of(
                        new RunResult.Block("ram", "memfd", 4096, 16_384, ram, 60_000_000),
                        new RunResult.Block("rom", "anonymous", 4096, 512, rom, 250_000)),
                new RunResult.Evidence(true, 3, 2, 1, 0, "frames"),
                new RunResult.VerificationResult("match", 5, 0, 0, 0, 0, true, true, 7L),
                new RunResult.GuestActivity(500_000_000, 1_000_000, 2_000),
                new Throughput(
                        1_000_000, -2_250_000, List.of(2_000L, 1_990L, 500L, 1_500L, 2_001L), 2_000_000, 1_750_000L),
                new IdleGaps(250_000_000, 2_130_000, List.of(2_130_000L, 300_000L, 12_000L, 9_000L)),
                200L << 20,
                null,
                null,
                null,
                null);
    }

    /** Runs that differ in their downtime alone, in nanoseconds. */
    static List<RunResult> withDowntimes(long... downtimesNs) {
        return LongStream.of(downtimesNs)
                .mapToObj(ns -> completed(new DowntimePhases(0, ns, 0, 0, 0, 0, 0, 0)))
                .toList();
    }

    static RunResult failed() {
        return RunResult.ended(
                MigrationStatus.FAILED,
                "source",
                new RunResult.VerificationResult("mismatch", 5, 1, 2, 3, 4, false, false, 7L),
                new RunResult.Failure("migration-failed", "the other agent died"));
    }
}
