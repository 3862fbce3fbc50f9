package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DowntimePhasesTest {
    @Test
    void totalIsTheSumOfAllParts() {
        assertThat(new DowntimePhases(1, 20, 300, 4_000, 50_000, 600_000, 7_000_000, 80_000_000).total())
                .isEqualTo(87_654_321);
    }
}
