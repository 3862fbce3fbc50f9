package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DowntimePhasesTest {
    @Test
    void totalIsTheSumOfAllParts() {
        assertThat(new DowntimePhases(1, 20, 300, 4_000, 50_000).total()).isEqualTo(54_321);
    }
}
