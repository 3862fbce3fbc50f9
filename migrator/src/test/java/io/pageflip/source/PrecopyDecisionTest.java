package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.Throttling;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.PrecopyLimits.OnTimeout;
import io.pageflip.source.PrecopyDecision.Action;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class PrecopyDecisionTest {
    private static final long MS = 1_000_000;
    private static final long MIB = 1 << 20;

    private static PrecopyDecision decide(RoundStats stats, PrecopyLimits limits) {
        return PrecopyDecision.decide(stats, limits, Throttling.DEFAULT);
    }

    private static PrecopyLimits limits(long downtimeMs, int rounds, boolean autoConverge, long timeoutMs) {
        return new PrecopyLimits(downtimeMs * MS, 0, rounds, autoConverge, timeoutMs * MS, OnTimeout.CANCEL);
    }

    // A round of 1000 ms: so many MiB sent, and as many expected to be sent in a second.
    @ParameterizedTest
    @CsvSource({
        // sent, dirty, limit ms -> expected ms, action
        "1000,    0,   0,    0, SWITCH",
        "1000,    0, 300,    0, SWITCH",
        "1000,  300, 300,  300, SWITCH",
        "1000,  301, 300,  301, CONTINUE",
        "1000,    1,   0,    1, CONTINUE",
        "1000, 1000, 999, 1000, CONTINUE",
        "1000, 3000, 300, 3000, CONTINUE",
        "  10,    4, 300,  400, CONTINUE",
    })
    void switchesOnceTheRestFitsIntoTheDowntimeLimit(
            long sentMib, long dirtyMib, long limitMs, long expectedMs, Action action) {
        RoundStats stats = new RoundStats(1, sentMib * MIB, 1000 * MS, dirtyMib * MIB, 1000 * MS, 0);
        assertThat(stats.expectedDowntimeNs()).isEqualTo(expectedMs * MS);
        assertThat(decide(stats, limits(limitMs, 0, false, 0)).action()).isEqualTo(action);
    }

    @ParameterizedTest
    @CsvSource({
        // round, elapsed ms, max rounds, timeout ms -> ended
        " 1,    0, 0,    0, false",
        "99, 9999, 0,    0, false",
        " 2,  999, 0, 1000, false",
        " 2, 1000, 0, 1000, true",
        " 2,    0, 3,    0, false",
        " 3,    0, 3,    0, true",
        " 4,    0, 3, 1000, true",
    })
    void endsWhenRoundsOrTimeHaveRunOut(int round, long elapsedMs, int maxRounds, long timeoutMs, boolean ended) {
        RoundStats stats = new RoundStats(round, 100 * MIB, 100 * MS, 90 * MIB, elapsedMs * MS, 0);
        assertThat(decide(stats, limits(10, maxRounds, false, timeoutMs)).action())
                .isEqualTo(ended ? Action.CANCEL : Action.CONTINUE);
        assertThat(decide(stats, limits(10, maxRounds, true, timeoutMs)).action())
                .isEqualTo(ended ? Action.CANCEL : Action.THROTTLE);
    }

    @ParameterizedTest
    @EnumSource(OnTimeout.class)
    void endsAsTheUserChose(OnTimeout choice) {
        RoundStats stats = new RoundStats(5, 100 * MIB, 100 * MS, 90 * MIB, 5000 * MS, 40);
        PrecopyLimits limits = new PrecopyLimits(10 * MS, 0, 0, true, 5000 * MS, choice);
        PrecopyDecision decision = decide(stats, limits);
        assertThat(decision.action()).hasToString(choice.toString());
        assertThat(decision.throttlePercent()).isEqualTo(40);
        assertThat(decision.reason()).isEqualTo("the time has run out");
    }

    @Test
    void switchesWithoutAskingWhenItConvergesAtTheLastMoment() {
        RoundStats stats = new RoundStats(5, 100 * MIB, 100 * MS, 5 * MIB, 9000 * MS, 0);
        assertThat(decide(stats, limits(10, 5, false, 5000)).action()).isEqualTo(Action.SWITCH);
    }

    @ParameterizedTest
    @CsvSource({
        // sent MiB, dirty MiB, throttle -> action, throttle
        "100,  50,  0, CONTINUE,  0",
        "100,  51,  0, THROTTLE, 20",
        "100,  51, 20, THROTTLE, 30",
        "100,  50, 30, CONTINUE, 30",
        "100, 400, 80, THROTTLE, 90",
        "100, 400, 90, THROTTLE, 99",
        "100, 400, 99, CONTINUE, 99",
    })
    void throttlesStepByStepWhileTheGuestOutrunsIt(
            long sentMib, long dirtyMib, int before, Action action, int throttle) {
        RoundStats stats = new RoundStats(2, sentMib * MIB, 1000 * MS, dirtyMib * MIB, 2000 * MS, before);
        PrecopyDecision decision = decide(stats, limits(300, 0, true, 0));
        assertThat(decision.action()).isEqualTo(action);
        assertThat(decision.throttlePercent()).isEqualTo(throttle);
        assertThat(decide(stats, limits(300, 0, false, 0)))
                .extracting(PrecopyDecision::action, PrecopyDecision::throttlePercent)
                .containsExactly(Action.CONTINUE, before);
    }

    /** A model of a guest: the decisions alone end a migration that converges, and bring about that others do. */
    @ParameterizedTest
    @CsvSource({
        // written MiB/s, sent MiB/s, auto-converge -> converges within 100 rounds
        "  50, 500, false, true",
        " 490, 500, false, false",
        " 490, 500, true,  true",
        "2000, 500, false, false",
        "2000, 500, true,  true",
    })
    void convergesIfTheGuestWritesMoreSlowlyThanItIsSent(
            double written, double bandwidth, boolean autoConverge, boolean converges) {
        double totalMib = 1024;
        double left = totalMib;
        int throttle = 0;
        PrecopyDecision last = null;
        for (int round = 1; round <= 100; round++) {
            double seconds = left / bandwidth;
            double dirty = Math.min(totalMib, seconds * written * (100 - throttle) / 100);
            RoundStats stats = new RoundStats(
                    round, (long) (left * MIB), (long) (seconds * 1e9), (long) (dirty * MIB), 0, throttle);
            last = decide(stats, limits(30, 0, autoConverge, 0));
            if (last.action() == Action.SWITCH) {
                break;
            }
            throttle = last.throttlePercent();
            left = dirty;
        }
        assertThat(last).isNotNull();
        assertThat(last.action() == Action.SWITCH).isEqualTo(converges);
    }

    @Test
    void aRateThatIsUnknownPromisesNothing() {
        RoundStats nothingSent = new RoundStats(1, 0, 0, MIB, 0, 0);
        assertThat(nothingSent.bytesPerSecond()).isZero();
        assertThat(nothingSent.expectedDowntimeNs()).isEqualTo(Long.MAX_VALUE);
        assertThat(decide(nothingSent, limits(300, 0, false, 0)).action()).isEqualTo(Action.CONTINUE);
        assertThat(new RoundStats(1, MIB, 0, 0, 0, 0).expectedDowntimeNs()).isZero();
    }

    @Test
    void refusesWhatNobodyMeasured() {
        assertThatThrownBy(() -> new RoundStats(0, 1, 1, 1, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RoundStats(1, -1, 1, 1, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PrecopyLimits(-1, 0, 0, false, 0, OnTimeout.CANCEL))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"300, SWITCH", "10, POSTCOPY"})
    void whoAsksForAPostcopyGetsOneUnlessTheRestFits(long limitMs, Action action) {
        RoundStats stats = new RoundStats(2, 100 << 20, 1_000_000_000L, 10 << 20, 2_000_000_000L, 0);
        assertThat(decide(stats, limits(limitMs, 0, false, 0)).withPostcopy().action())
                .isEqualTo(action);
    }

    @Test
    void throttlingIsAsItWasAsked() {
        RoundStats stats = new RoundStats(2, 100 << 20, 1_000_000_000L, 90 << 20, 2_000_000_000L, 0);
        PrecopyLimits limits = limits(10, 0, true, 0);
        assertThat(PrecopyDecision.decide(stats, limits, new Throttling(35, 5, 99, 80)))
                .isEqualTo(new PrecopyDecision(Action.THROTTLE, 35, "the guest writes more than 80 % of what is sent"));
        assertThat(PrecopyDecision.decide(stats, limits, new Throttling(35, 5, 99, 95))
                        .action())
                .isEqualTo(Action.CONTINUE);
    }
}
