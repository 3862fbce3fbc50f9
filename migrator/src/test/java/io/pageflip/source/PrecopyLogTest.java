package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.agent.Throttling;
import io.pageflip.metrics.PrecopyResult.Round;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.PrecopyLimits;
import org.junit.jupiter.api.Test;

final class PrecopyLogTest {
    private static final long MS = 1_000_000;
    private static final RoundStats STATS = new RoundStats(3, 100 << 20, 1000 * MS, 50 << 20, 4200 * MS, 20);

    private final PrecopyLog log = new PrecopyLog(DirtyTracking.LOG);

    @Test
    void reportsEachRoundAsItWas() {
        assertThat(log.report(PrecopyLimits.DEFAULT).rounds()).isEmpty();
        log.add(STATS, 77 * MS, 25600, 12800, PrecopyDecision.decide(STATS, PrecopyLimits.DEFAULT, Throttling.DEFAULT));
        assertThat(log.report(PrecopyLimits.DEFAULT).downtimeLimit()).isEqualTo(300);
        assertThat(log.report(PrecopyLimits.DEFAULT).rounds())
                .containsExactly(new Round(
                        3,
                        77 * MS,
                        25600,
                        100 << 20,
                        12800,
                        50 << 20,
                        1000 * MS,
                        STATS.bytesPerSecond() * (8 / 1e6),
                        500 * MS,
                        20,
                        "continue",
                        "too much is left"));
    }

    @Test
    void saysWhyTheGuestStays() {
        PrecopyDecision decision = new PrecopyDecision(PrecopyDecision.Action.CANCEL, 20, "the rounds have run out");
        assertThat(log.notConverged(STATS, PrecopyLimits.DEFAULT, decision))
                .hasMessage(
                        "the rounds have run out: after round 3 and 4.2 s the guest would still be paused for 500 ms,"
                                + " and the limit is 300 ms");
    }
}
