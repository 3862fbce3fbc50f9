package io.pageflip.cli.report;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.Throughput;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.verification.Verification;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Results made by hand. */
final class Samples {
    private static final VerificationResult MATCH =
            VerificationResult.of(new Verification(5, 0, 0, 0, 0, true, true, 7));

    private Samples() {}

    /** A guest of 4 pages that were flipped, of which one was a hole, and an odd page that was copied. */
    static RunResult completed(DowntimePhases phases) {
        PageCounts ram = new PageCounts(4, 3, 0, 1, Map.of());
        PageCounts rom = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));
        return RunResult.completed(measured(phases, ram, rom), MATCH)
                .with(new SourceSide(200L << 20, null, null, null));
    }

    /** The same, where the destination had one of the pages before. */
    static RunResult declined(DowntimePhases phases) {
        PageCounts ram = new PageCounts(4, 2, 0, 1, 1, Map.of(), Map.of("already-present", 1L));
        PageCounts rom = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));
        return RunResult.completed(measured(phases, ram, rom), MATCH);
    }

    private static Measured measured(DowntimePhases phases, PageCounts ram, PageCounts rom) {
        return new Measured(
                321,
                21,
                new Measured.Ram(16_896, 640, 0, 1, 4, 12_800, 4096, 51_200, 2_000_000),
                phases,
                14_000L,
                null,
                null,
                List.of(
                        new Measured.Block("ram", "memfd", 4096, 16_384, ram, 60_000_000),
                        new Measured.Block("rom", "anonymous", 4096, 512, rom, 250_000)),
                new Evidence(true, 3, 2, 1, 0, Evidence.DecidedBy.FRAMES),
                new Measured.GuestActivity(500_000_000, 1_000_000, 2_000),
                new Throughput(
                        1_000_000,
                        -2_250_000,
                        77_000_000,
                        List.of(2_000L, 1_990L, 500L, 1_500L, 2_001L),
                        2_000_000,
                        1_750_000L),
                new IdleGaps(250_000_000, 2_130_000, List.of(2_130_000L, 300_000L, 12_000L, 9_000L)),
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
                Owner.SOURCE,
                VerificationResult.of(new Verification(5, 1, 2, 3, 4, false, false, 7)),
                new Failure(Failure.Kind.MIGRATION_FAILED, "the other agent died"));
    }

    /** Somebody pressed Ctrl-C while the agents started. */
    static RunResult cancelledEarly() {
        return RunResult.ended(
                MigrationStatus.CANCELLED, Owner.NOBODY_YET, null, new Failure(Failure.Kind.CANCELLED, "interrupted"));
    }

    static RunResult lost() {
        return RunResult.lost("the guest is lost: the destination took it and died");
    }

    static RunResult unreported() {
        return RunResult.unreported(new Failure(Failure.Kind.NO_REPORT, "the report did not come"));
    }

    /** A comparison for the terminal, without any option for its table. */
    static String text(String heading, Comparison comparison) {
        return new ComparisonText(heading, comparison, TableOrder.RUN, TableUnit.AUTO, null).text();
    }

    static String markdown(String heading, Comparison comparison) {
        return new ComparisonText(heading, comparison, TableOrder.RUN, TableUnit.AUTO, null).markdown();
    }
}
