package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Curves that were made by hand: of a guest that executes 1000 instructions in a slot of a millisecond. */
final class GuestTimeLostTest {
    private static final long MS = 1_000_000;

    /** The migration: 200 slots before the pause in slot 300, which ends in slot 302, and 100 slots after that. */
    private static final GuestTimeLost.Moments AT = new GuestTimeLost.Moments(100, 300, 302, 403);

    private final List<Long> slots = new ArrayList<>(Collections.nCopies(503, 1000L));

    private void set(int from, int to, long instructions) {
        Collections.fill(slots.subList(from, to), instructions);
    }

    private GuestTimeLost lost(long pausedNs) {
        return GuestTimeLost.of(MS, slots, AT, pausedNs);
    }

    @Test
    void aGuestThatNothingDisturbsLosesNothing() {
        assertThat(lost(0)).isEqualTo(new GuestTimeLost(1_000_000, 1_000_000, 303 * MS, 0L, 0L, 0L));
        assertThat(lost(0).totalNs()).isZero();
    }

    @Test
    void aCleanGapIsTheDowntime() {
        slots.set(300, 250L);
        slots.set(301, 0L);
        slots.set(302, 500L);
        assertThat(lost(2_250_000)).isEqualTo(new GuestTimeLost(1_000_000, 1_000_000, 303 * MS, 0L, 2_250_000L, 0L));
    }

    @Test
    void aSlowHalfIsLostBefore() {
        set(200, 300, 500);
        set(303, 313, 900);
        GuestTimeLost lost = lost(0);
        assertThat(lost.beforeNs()).isEqualTo(50 * MS);
        assertThat(lost.afterNs()).isEqualTo(MS);
        assertThat(lost.totalNs()).isEqualTo(51 * MS);
    }

    @Test
    void whatIsLostAroundThePauseCountsAsLostAfter() {
        slots.set(300, 0L);
        assertThat(lost(250_000).afterNs()).isEqualTo(750_000);
    }

    @Test
    void aGuestThatIsFasterMeanwhileLosesNothing() {
        set(100, 403, 1100);
        assertThat(lost(0).totalNs()).isZero();
    }

    @Test
    void theUndisturbedRateLiesBetweenThatBeforeAndThatAfter() {
        set(100, 403, 950);
        set(403, 503, 900);
        assertThat(lost(0).totalNs()).isZero();
        set(0, 100, 900);
        set(403, 503, 1000);
        assertThat(lost(0).totalNs()).isZero();
    }

    @Test
    void onAMachineThatWasNotCalmNoLossIsClaimed() {
        set(403, 503, 899);
        GuestTimeLost lost = lost(MS);
        assertThat(lost).isEqualTo(new GuestTimeLost(1_000_000, 899_000, 303 * MS, null, null, null));
        assertThat(lost.totalNs()).isNull();
    }

    @Test
    void theTimeBeforeTheGuestRanDoesNotCount() {
        set(0, 60, 0);
        slots.set(60, 10L); // it began in the middle of this one
        assertThat(lost(0).rateBefore()).isEqualTo(1_000_000);
        set(60, 90, 0);
        assertThat(lost(0).rateBefore()).as("known from less than 20 ms").isZero();
        assertThat(lost(0).totalNs()).isNull();
    }

    @Test
    void aGuestThatIsNotWatchedAfterwardsIsNotKnown() {
        slots.subList(410, 503).clear();
        assertThat(lost(0)).isEqualTo(new GuestTimeLost(1_000_000, 0, 303 * MS, null, null, null));
    }

    @Test
    void whatCannotFollowIsRefused() {
        assertThatThrownBy(() -> new GuestTimeLost.Moments(5, 4, 6, 7)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuestTimeLost.Moments(5, 6, 7, 7)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuestTimeLost(1, 1, 1, 1L, null, 1L)).isInstanceOf(IllegalArgumentException.class);
    }
}
