package io.pageflip.process;

import java.io.IOException;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;

/** Waits for conditions, never for time; every wait has a deadline and says what it waited for. */
final class Waiting {
    /** Ten times what a busy machine needs: only a hang gets there. */
    static final Duration DEADLINE = Duration.ofSeconds(60);

    private static final Duration PERIOD = Duration.ofMillis(5);

    private Waiting() {}

    /** Something that may hold by now. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException;
    }

    /** Returns as soon as it holds. */
    static void until(String what, Condition condition) {
        Awaitility.await(what)
                .atMost(DEADLINE)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .until(condition::holds);
    }

    /** Returns as soon as the assertion does; else fails as it does. */
    static void untilAsserted(String what, ThrowingRunnable assertion) {
        Awaitility.await(what)
                .atMost(DEADLINE)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .untilAsserted(assertion);
    }
}
