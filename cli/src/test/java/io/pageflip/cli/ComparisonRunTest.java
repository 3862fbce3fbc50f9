package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ComparisonRunTest {
    private static final long SECOND = 1_000_000_000;

    private final Cancellation cancellation = new Cancellation();
    private final List<Integer> order = new ArrayList<>();
    private final List<String> places = new ArrayList<>();
    private long nowNs;

    @Test
    void cellsTakeTurnsAndTheWarmupDoesNotCount() throws InterruptedException {
        ComparisonRun<RunResult> run = run(1, 2, cell -> completed());

        assertThat(order).containsExactly(0, 1, 0, 1, 0, 1);
        assertThat(run.results()).allSatisfy(results -> assertThat(results).hasSize(2));
        assertThat(places)
                .startsWith("run 1 of 6: ", "run 2 of 6, about 5 s left: ")
                .endsWith("run 6 of 6, about 1 s left: ");
    }

    @Test
    void aCellThatFailsIsRecordedAndNotRunAgain() throws InterruptedException {
        ComparisonRun<RunResult> run = run(1, 2, cell -> cell == 0 ? ended(MigrationStatus.FAILED) : completed());

        assertThat(order).containsExactly(0, 1, 1, 1);
        assertThat(run.failed(0)).isTrue();
        assertThat(run.results().get(0)).hasSize(1);
        assertThat(run.results().get(1)).hasSize(2);
    }

    @Test
    void anAgentThatCannotBeStartedIsAFailureOfItsCellAlone() throws InterruptedException {
        ComparisonRun<RunResult> run = run(
                0,
                1,
                cell -> cell == 0
                        ? Objects.requireNonNull(
                                RowRun.failed(new IOException("no agent")).pageflip())
                        : completed());

        assertThat(run.results().get(0)).singleElement().asString().contains("no agent");
        assertThat(run.results().get(1)).hasSize(1);
    }

    @Test
    void whoAsksForTheEndGetsWhatWasMeasured() throws InterruptedException {
        ComparisonRun<RunResult> run = run(0, 5, cell -> {
            if (order.size() < 4) {
                return completed();
            }
            cancellation.request("test");
            return ended(MigrationStatus.CANCELLED);
        });

        assertThat(order).hasSize(4);
        assertThat(run.results().get(0)).hasSize(2);
        assertThat(run.results().get(1)).hasSize(1);
        assertThat(run.failed(1)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1000000000    | about 1 s left",
                "1000000001    | about 2 s left",
                "80000000000   | about 1 min 20 s left",
                "7500000000000 | about 2 h 5 min left",
            })
    void whatRemainsIsSaidInWords(long ns, String words) {
        assertThat(ComparisonRun.sentence(1234, 5678, ns)).isEqualTo("run 1,234 of 5,678, " + words + ": ");
    }

    private ComparisonRun<RunResult> run(int warmup, int runs, ComparisonRun.Runner<RunResult> runner)
            throws InterruptedException {
        List<ComparisonRun<RunResult>> run = new ArrayList<>();
        run.add(new ComparisonRun<>(
                List.of(1L << 20, 1L << 20),
                warmup,
                runs,
                cell -> {
                    order.add(cell);
                    places.add(run.get(0).place());
                    nowNs += SECOND;
                    return runner.run(cell);
                },
                ExitCodes::of,
                cancellation,
                () -> nowNs));
        run.get(0).run();
        return run.get(0);
    }

    private static RunResult completed() {
        return RunResult.unreported(null);
    }

    private static RunResult ended(MigrationStatus status) {
        return RunResult.ended(status, Owner.SOURCE, null, new Failure(Failure.Kind.CANCELLED, "why"));
    }
}
