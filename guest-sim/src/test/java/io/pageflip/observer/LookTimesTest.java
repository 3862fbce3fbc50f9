package io.pageflip.observer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LookTimesTest {
    private final LookTimes times = new LookTimes();

    private void look(long... times) {
        for (long ns : times) {
            this.times.add(ns, ns + 1);
        }
    }

    @Test
    void onlyWhoLookedBeforeAndAfterCanHaveMissedNothing() {
        assertThat(times.cover(5, 5)).as("no look at all").isFalse();
        look(10, 20, 30);

        assertThat(times.cover(10, 31)).isTrue();
        assertThat(times.cover(15, 25)).isTrue();
        assertThat(times.cover(9, 25)).as("found too late").isFalse();
        assertThat(times.cover(15, 32)).as("ended too soon").isFalse();
        times.clear();
        assertThat(times.cover(15, 25)).isFalse();
    }

    @Test
    void aSilenceBetweenALookAndTheNextButOneMayBeUnseen() {
        look(10, 20, 30, 100, 110, 120);

        assertThat(times.longestUnseenNs(0, 1000)).isEqualTo(101 - 20);
        assertThat(times.longestUnseenNs(0, 15)).isEqualTo(31 - 10);
        assertThat(times.longestUnseenNs(115, 118)).isEqualTo(121 - 100);
    }
}
