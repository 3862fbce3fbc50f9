package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.ChildJvm;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class NanoClockIT {
    @Test
    void readingsOfTwoProcessesAreOfOneClock() throws IOException {
        try (ChildJvm child = ChildJvm.start(Children.class, "clock")) {
            child.expect("ready");
            for (int i = 0; i < 20; i++) {
                long before = NanoClock.SYSTEM.nanoTime();
                child.tell("now");
                long there = Long.parseLong(child.line());
                long after = NanoClock.SYSTEM.nanoTime();
                assertThat(there).as("reading %d", i).isBetween(before, after);
            }
        }
    }
}
