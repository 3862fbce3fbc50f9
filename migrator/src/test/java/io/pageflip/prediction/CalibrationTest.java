package io.pageflip.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MeasuredSamples;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.request.Mechanism;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** The line through what was measured of two sizes. */
final class CalibrationTest {
    private static RunResult result(long ramBytes, LongUnaryOperator pagesNs) {
        long pages = ramBytes / 4096;
        PageCounts counts = new PageCounts(pages + 100, pages, 0, 100, Map.of());
        DowntimePhases phases = new DowntimePhases(0, pagesNs.applyAsLong(pages), 0, 0, 0, 0, 0, 0);
        return RunResult.completed(MeasuredSamples.of(phases, counts), VerificationResult.SKIPPED);
    }

    private static Costs.Cost measure(LongUnaryOperator pagesNs) throws Exception {
        Costs costs = Calibration.measure(List.of(Mechanism.FLIP), (mechanism, ram) -> result(ram, pagesNs), "a host");
        assertThat(costs.mechanisms()).containsOnlyKeys("flip");
        return costs.mechanisms().get("flip");
    }

    @Test
    void findsWhatAPageCostsAndWhatIsThereAnyway() throws Exception {
        Costs.Cost cost = measure(pages -> 7000 + 300 * pages);
        assertThat(cost.nsPerPage()).isCloseTo(300, within(0.001));
        assertThat(cost.fixedNs()).isCloseTo(7000, within(0.1));
    }

    @Test
    void neverGoesBelowZero() throws Exception {
        Costs.Cost falling = measure(pages -> 1_000_000_000 - pages);
        assertThat(falling.nsPerPage()).isZero();
        Costs.Cost steep = measure(pages -> pages * pages);
        assertThat(steep.fixedNs()).isCloseTo(0, within(0.1));
        assertThat(steep.nsPerPage()).isPositive();
    }

    @Test
    void aMigrationThatFailsSaysWhichAndWhy() {
        RunResult failed = RunResult.ended(
                MigrationStatus.FAILED, Owner.SOURCE, null, new Failure(Failure.Kind.MIGRATION_FAILED, "no room"));
        assertThatThrownBy(() -> Calibration.measure(List.of(Mechanism.PULL), (mechanism, ram) -> failed, "a host"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("pull", "no room");
    }
}
