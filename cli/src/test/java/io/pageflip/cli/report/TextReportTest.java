package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.ram.Adoption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class TextReportTest {
    private static final DowntimePhases PHASES =
            new DowntimePhases(9_000, 1_500_000, 12_345, 999, 0, 500, 2_000, 100_000_000);

    @Test
    void aCompletedMigration() {
        assertThat(TextReport.ofAgent("destination", Samples.completed(PHASES))).isEqualTo("""
                pageflip destination
                status        completed: the guest is at the destination
                downtime      101.5 ms
                              stop 9.0 us + pages 1.50 ms + save 12 us + release 1.0 us
                              + notice 0.0 us + lock 0.5 us + load 2.0 us + resume 100.0 ms
                              not included: a dry run of 14 us, 0.2 ms before the pause, in which a vCPU executed nothing
                pages         3 moved, 1 copied (1 not-page-sized), 1 zero
                              ram   4 x 4K memfd: 3 moved, 0 copied, 1 zero, in 60.00 ms
                              rom   1 x 4K anonymous: 0 moved, 1 copied (1 not-page-sized), 0 zero, in 250 us
                pages phase   2.00 M pages/s, 5.96 GiB/s
                evidence      3 frame numbers compared: 2 the same, 1 relocated by the kernel
                verification  match: 5 pages of 4 KiB, 0 lost, 0 stale, 0 torn, 0 misplaced; 7 console lines, each once
                guest         ran 0.50 s after the migration: 4,000 pages/s written, 2.0 M instructions/s
                time lost     2.00 ms of the guest's in 400.0 ms: before it was paused 1.25 ms, paused 250 us, after it 500 us
                gaps          7 of over 50 us during the migration, the longest 750 us (preparing)
                throughput    back to 95 % of its earlier rate 1.75 ms after the last instruction at the source
                idle gaps     longest 2.13 ms, 300 us, 12 us in 0.25 s without a migration
                peak memory   200 MiB PSS, both agents together
                time          321 ms in all, 21 ms of it setup
                """);
    }

    @Test
    void aFailedMigrationAndADamagedGuest() {
        assertThat(TextReport.ofAgent("source", Samples.failed())).isEqualTo("""
                pageflip source
                status        failed: the guest stays at the source: the other agent died
                verification  mismatch: 5 pages of 4 KiB, 1 lost, 2 stale, 3 torn, 4 misplaced; vCPU registers DIFFER; console lines DIFFER
                """);
    }

    @Test
    void declinedPagesAreShownWhereThereAreAny() {
        assertThat(TextReport.ofAgent("destination", Samples.declined(PHASES))).contains("""
                pages         2 moved, 1 copied (1 not-page-sized), 1 declined (1 already-present), 1 zero
                              ram   4 x 4K memfd: 2 moved, 0 copied, 1 declined (1 already-present), 1 zero, in 60.00 ms
                              rom   1 x 4K anonymous: 0 moved, 1 copied (1 not-page-sized), 0 zero, in 250 us
                """);
    }

    static List<Arguments> resultsWithoutFigures() {
        return List.of(
                Arguments.of(Samples.cancelledEarly(), "cancelled: there was no guest yet: interrupted"),
                Arguments.of(
                        Samples.lost(),
                        "lost: nobody has the guest: the guest is lost: the destination took it and died"),
                Arguments.of(
                        Samples.unreported(), "completed: the guest is at the destination: the report did not come"));
    }

    @ParameterizedTest
    @MethodSource("resultsWithoutFigures")
    void whatHasNoFiguresIsOneSentence(RunResult result, String sentence) {
        assertThat(TextReport.sentence(result)).isEqualTo(sentence);
        assertThat(TextReport.ofAgent("source", result)).isEqualTo("pageflip source\nstatus        " + sentence + "\n");
    }

    @Test
    void anAdoptionTellsTheLongestStall() {
        Adoption.Figures none = new Adoption.Figures(64, 262_144, 20_000_000, 16_711_680, 16, 0, 0);
        Adoption.Figures one = new Adoption.Figures(1, 4096, 20_000, 4096, 0, 1, 15_000);

        assertThat(TextReport.ofAgent("source", Samples.failed().with(SourceSide.NONE.withAdopt(none))))
                .contains("""
                adopt         64 chunks of 256K at most in 20.00 ms, 15.9 MiB copied, 16 pages pinned
                              no vCPU waited
                """);
        assertThat(TextReport.ofAgent("source", Samples.failed().with(SourceSide.NONE.withAdopt(one))))
                .contains("""
                adopt         1 chunk of 4K at most in 20 us, 4.00 KiB copied, 0 pages pinned
                              vCPUs waited 1 time, the longest 15 us
                """);
    }

    @Test
    void severalMigrationsAreSummedUp() {
        RunResult slow = Samples.completed(PHASES);
        RunResult fast = Samples.completed(new DowntimePhases(1, 1, 1, 1, 1, 1, 1, 1));

        String text = TextReport.of("the request", Runs.of(List.of(slow, fast)));

        assertThat(text).startsWith("the request\nLinux ");
        assertThat(text).contains("\ndowntime      0.0 us\n");
        assertThat(text).endsWith("""
                runs          2; downtime min 0.0 us, median 0.0 us, p90 101.5 ms, p99 101.5 ms, max 101.5 ms
                              the median of each part:
                              stop 0.0 us + pages 0.0 us + save 0.0 us + release 0.0 us
                              + notice 0.0 us + lock 0.0 us + load 0.0 us + resume 0.0 us
                              time lost, the median: 2.00 ms of the guest's
                              idle gaps longest 2.13 ms, 2.13 ms, 300 us in 0.50 s without a migration
                """);
    }

    @ParameterizedTest
    @CsvSource({
        "0,          0.0 us",
        "9999,       10.0 us",
        "10000,      10 us",
        "999499,     999 us",
        "1000000,    1.00 ms",
        "97300000,   97.30 ms",
        "100000000,  100.0 ms",
        "2500000000, 2500.0 ms",
    })
    void durationsHaveThreeOrFourDigits(long ns, String text) {
        assertThat(Words.duration(ns)).isEqualTo(text);
    }
}
