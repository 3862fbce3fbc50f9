package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ProgressTest {
    @Test
    void aPhaseStartsFromNothing() {
        Progress progress = new Progress();
        assertThat(progress.phase()).isEqualTo(Progress.Phase.STARTING);
        progress.begin(Progress.Phase.PAGES, 100);
        progress.done(40);
        assertThat(progress.donePages()).isEqualTo(40);
        progress.begin(Progress.Phase.SWITCHING, 0);
        assertThat(progress.phase()).isEqualTo(Progress.Phase.SWITCHING);
        assertThat(progress.donePages()).isZero();
        assertThat(progress.totalPages()).isZero();
    }
}
