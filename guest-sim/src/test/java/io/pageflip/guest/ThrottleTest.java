package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ThrottleTest {
    private final Throttle throttle = new Throttle();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 20, 50, 99})
    void restsForThatPartOfEveryPeriod(int percent) {
        throttle.set(percent);
        for (long period : new long[] {0, 1, 123_456}) {
            int rests = 0;
            for (int slot = 0; slot < 1000; slot++) {
                rests += throttle.rests(period * Throttle.PERIOD_NS + slot * 1000L) ? 1 : 0;
            }
            assertThat(rests).isEqualTo(percent * 10);
        }
    }

    @Test
    void aRestIsInOnePieceAndShorterThanAPeriod() {
        throttle.set(30);
        assertThat(throttle.rests(5 * Throttle.PERIOD_NS)).isTrue();
        assertThat(throttle.rests(5 * Throttle.PERIOD_NS + 299_999)).isTrue();
        assertThat(throttle.rests(5 * Throttle.PERIOD_NS + 300_000)).isFalse();
        assertThat(throttle.rests(6 * Throttle.PERIOD_NS - 1)).isFalse();
    }

    @Test
    void aClockMayBeNegative() {
        throttle.set(50);
        assertThat(throttle.rests(-Throttle.PERIOD_NS)).isTrue();
        assertThat(throttle.rests(-1)).isFalse();
    }

    @Test
    void canBeLifted() {
        throttle.set(99);
        throttle.set(0);
        assertThat(throttle.rests(0)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 100})
    void refusesToStopAGuestForGood(int percent) {
        assertThatThrownBy(() -> throttle.set(percent)).isInstanceOf(IllegalArgumentException.class);
    }
}
