package io.pageflip.warmup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class SwitchoverWarmupIT {
    @Test
    void theWarmupLeavesNoThreadBehind() throws IOException {
        int before = Thread.activeCount();
        SwitchoverWarmup.run();
        assertThat(Thread.activeCount()).isLessThanOrEqualTo(before);
    }
}
