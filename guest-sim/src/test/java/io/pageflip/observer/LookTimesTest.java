package io.pageflip.observer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LookTimesTest {
    private static final long US = 1_000;

    private final LookTimes times = new LookTimes();

    private void look(long... times) {
        for (long ns : times) {
            this.times.add(ns * US, ns * US + 1);
        }
    }

    @Test
    void onlyWhoLookedBeforeAndAfterCanHaveMissedNothing() {
        assertThat(times.cover(5, 5)).as("no look at all").isFalse();
        look(10, 20, 30);

        assertThat(times.cover(10 * US, 30 * US + 1)).isTrue();
        assertThat(times.cover(15 * US, 25 * US)).isTrue();
        assertThat(times.cover(10 * US - 1, 25 * US)).as("found too late").isFalse();
        assertThat(times.cover(15 * US, 30 * US + 2)).as("ended too soon").isFalse();
        times.clear();
        assertThat(times.cover(15 * US, 25 * US)).isFalse();
    }

    @Test
    void aSilenceBetweenALookAndTheNextButOneMayBeUnseen() {
        look(10, 30, 50, 100, 150, 200);

        assertThat(times.longestUnseenNs(0, 1000 * US)).isEqualTo((200 - 100) * US + 1);
        assertThat(times.longestUnseenNs(0, 15 * US)).isEqualTo((50 - 10) * US + 1);
        assertThat(times.longestUnseenNs(0, 40 * US)).isEqualTo((100 - 30) * US + 1);
    }

    @Test
    void ofLooksThatAreCloseTogetherTheWorstCountsForAll() {
        look(100, 101, 102, 107, 108, 109, 200, 300);

        assertThat(times.longestUnseenNs(0, 105 * US)).isEqualTo((107 - 101) * US + 1);
        assertThat(times.longestUnseenNs(250 * US, 1000 * US)).isEqualTo((300 - 109) * US + 1);
    }
}
