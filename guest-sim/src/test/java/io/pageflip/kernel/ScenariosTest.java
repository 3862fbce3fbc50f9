package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/**
 * What must hold of each seed's code, over 110,000 random scenarios. One that fails prints itself and how to run it again:
 * {@code -Dpageflip.scenario=vmsplice:4711}.
 */
final class ScenariosTest {
    private static final String REPLAY = "pageflip.scenario";

    @Test
    void vmspliceHolds() {
        Seen seen = new Seen();
        runAll("vmsplice", 60_000, VmspliceScenario::of, seen);
        assertThat(seen.moves).contains(MoveReason.MOVED);
    }

    private static void runAll(String mechanism, int count, LongFunction<Scenario> scenarios, Seen seen) {
        for (long seed = 0; seed < count; seed++) {
            run(mechanism, seed, scenarios, seen);
        }
    }

    private static void run(String mechanism, long seed, LongFunction<Scenario> scenarios, Seen seen) {
        Scenario scenario = scenarios.apply(seed);
        try {
            scenario.run(seen);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "; run again with -D" + REPLAY + "=" + mechanism + ":" + seed + "\n" + scenario,
                    e);
        }
    }
}
