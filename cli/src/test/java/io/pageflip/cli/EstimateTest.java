package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class EstimateTest {
    private final Estimate estimate = new Estimate(List.of(1L << 30, 4L << 30), 3);

    @Test
    void nothingIsKnownBeforeTheFirstRun() {
        assertThat(estimate.remainingNs()).isNegative();
        assertThat(estimate.total()).isEqualTo(6);
    }

    @Test
    void aCellThatHasNotRunIsToldFromTheNearest() {
        estimate.ran(0, 100);

        assertThat(estimate.remainingNs()).isEqualTo(2 * 100 + 3 * 200);
    }

    @Test
    void aCellThatHasRunIsToldFromItsOwnMean() {
        estimate.ran(0, 100);
        estimate.ran(1, 1000);
        estimate.ran(0, 200);

        assertThat(estimate.remainingNs()).isEqualTo(150 + 2 * 1000);
        assertThat(estimate.done()).isEqualTo(3);
    }

    @Test
    void aCellThatIsGivenUpTakesNoTime() {
        estimate.ran(1, 1000);
        estimate.giveUp(1);

        assertThat(estimate.total()).isEqualTo(4);
        assertThat(estimate.remainingNs())
                .as("less RAM is not expected to take less")
                .isEqualTo(3 * 1000);
        estimate.giveUp(0);
        assertThat(estimate.remainingNs()).isZero();
    }
}
