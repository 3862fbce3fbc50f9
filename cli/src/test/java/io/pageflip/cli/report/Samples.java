package io.pageflip.cli.report;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.MigrationGaps;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.PostcopyResult;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.Throughput;
import io.pageflip.metrics.Trace;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.verification.Verification;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Results made by hand. */
public final class Samples {
    private static final VerificationResult MATCH =
            VerificationResult.of(new Verification(5, 0, 0, 0, 0, true, true, 7));

    private Samples() {}

    /** A guest of 4 pages that were flipped, of which one was a hole, and an odd page that was copied. */
    public static RunResult completed(DowntimePhases phases) {
        PageCounts ram = new PageCounts(4, 3, 0, 1, Map.of());
        PageCounts rom = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));
        return RunResult.completed(measured(phases, ram, rom), MATCH)
                .with(new SourceSide(200L << 20, null, null, null));
    }

    /** A postcopy of a guest with two vCPUs after a round of a precopy, with a trace. */
    public static RunResult traced(int sourcePid, int destinationPid) {
        DowntimePhases phases = new DowntimePhases(10_000, 0, 20_000, 5_000, 30_000, 1_000, 2_000, 4_000);
        PageCounts ram = new PageCounts(4, 3, 0, 1, Map.of());
        PageCounts rom = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));
        Measured plain = measured(phases, ram, rom);
        Trace.Slices waits =
                new Trace.Slices(List.of(76_980_000L, 77_100_000L), List.of(40_000L, 9_000L), List.of(), 0);
        Trace trace = new Trace(
                sourcePid,
                destinationPid,
                70_000_000,
                76_000_000,
                List.of(
                        new Trace.Vcpu(76_990_000, 77_050_000, 77_060_000L, waits),
                        new Trace.Vcpu(77_000_000, 77_072_000, 77_080_000L, Trace.Slices.NONE)),
                new Trace.Slices(List.of(71_000_000L), List.of(50_000L), List.of(65L), 0),
                new Trace.Slices(List.of(77_080_000L, 77_110_000L), List.of(30_000L, 20_000L), List.of(2L, 1L), 0));
        Measured traced = new Measured(
                plain.totalTimeMs(),
                plain.setupTimeMs(),
                plain.ram(),
                phases,
                null,
                80_000L,
                new PostcopyResult(
                        2, 1, 0, 2, 2, new PostcopyResult.Wait(9_000, 40_000, 40_000, 40_000, 40_000), 99_000, 0, 0),
                plain.blocks(),
                plain.evidence(),
                plain.guest(),
                plain.throughput(),
                plain.guestTimeLost(),
                plain.migrationGaps(),
                plain.idleGapsNs(),
                trace);
        PrecopyResult.Round round = new PrecopyResult.Round(
                1, 76_100_000, 4, 16_384, 1, 4_096, 700_000, 1.5, 60_000, 20, "postcopy", "the time is over");
        return RunResult.completed(traced, MATCH)
                .with(new SourceSide(200L << 20, new PrecopyResult("log", 300, List.of(round)), null, null));
    }

    /** As {@link #completed}, where the destination had one of the pages before. */
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
                new GuestTimeLost(2_100_000, 2_000_000, 400_000_000, 1_250_000L, 250_000L, 500_000L),
                new MigrationGaps(
                        7, List.of(new MigrationGaps.Gap(-1_500_000, 750_000, MigrationGaps.Phase.PREPARING))),
                new IdleGaps(250_000_000, 2_130_000, List.of(2_130_000L, 300_000L, 12_000L, 9_000L)),
                null);
    }

    /** Runs that differ in their downtime alone, in nanoseconds. */
    public static List<RunResult> withDowntimes(long... downtimesNs) {
        return LongStream.of(downtimesNs)
                .mapToObj(ns -> completed(new DowntimePhases(0, ns, 0, 0, 0, 0, 0, 0)))
                .toList();
    }

    public static RunResult failed() {
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
