package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ThroughputTest {
    private static final long MS = 1_000_000;
    private static final long FROM = -100 * MS - 250_000;

    /** A hundred slots of 1000 before the switchover, and these from its own on. */
    private static Throughput after(long resumedNs, Object... runsOfSlots) {
        List<Long> slots = new ArrayList<>(Collections.nCopies(100, 1000L));
        for (int i = 0; i < runsOfSlots.length; i += 2) {
            slots.addAll(Collections.nCopies((int) runsOfSlots[i], ((Integer) runsOfSlots[i + 1]).longValue()));
        }
        return Throughput.of(MS, FROM, 0, slots, resumedNs, 1_000_000);
    }

    @Test
    void aGuestThatHardlyStoodStillHasRecoveredWithItsFirstInstruction() {
        Throughput throughput = after(40_000, 1, 960, 200, 1000);
        assertThat(throughput.rateBefore()).isEqualTo(1_000_000);
        assertThat(throughput.recoveredNs()).isEqualTo(40_000);
    }

    @Test
    void itHasRecoveredWhereTheFirstFastWindowBegins() {
        // Slots 0 to 6 of the switchover stand still; then it runs at half its rate until slot 27.
        Throughput throughput = after(7 * MS, 7, 0, 20, 500, 100, 1000);
        // The window from slot 26 on has 9 x 1000 + 500 instructions: exactly 95 %.
        assertThat(throughput.recoveredNs()).isEqualTo(26 * MS - 250_000);
    }

    @Test
    void fastSlotsBeforeTheFirstInstructionHereDoNotCount() {
        assertThat(after(30 * MS, 60, 1000).recoveredNs()).isEqualTo(30 * MS);
    }

    @Test
    void aGuestThatStaysSlowNeverRecovers() {
        assertThat(after(MS, 300, 949).recoveredNs()).isNull();
    }

    @Test
    void aGuestThatWasNotWatchedForAWholeWindowIsNotKnownToHaveRecovered() {
        assertThat(after(MS, 9, 1000).recoveredNs()).isNull();
    }

    @Test
    void withoutARateBeforeThereIsNothingToRecover() {
        List<Long> slots = Collections.nCopies(150, 1000L);
        Throughput throughput = Throughput.of(MS, FROM, 0, slots, 100_000, 0);
        assertThat(throughput.rateBefore()).isZero();
        assertThat(throughput.recoveredNs()).isNull();
    }

    @Test
    void theLongestGapsOfSeveralRunsAreKept() {
        IdleGaps first = IdleGaps.of(100, List.of(5L, 9L, 1L, 7L, 3L, 2L).stream());
        IdleGaps second = IdleGaps.of(50, List.of(8L, 4L).stream());
        assertThat(first).isEqualTo(new IdleGaps(100, 9, List.of(9L, 7L, 5L, 3L, 2L)));
        assertThat(first.plus(second)).isEqualTo(new IdleGaps(150, 9, List.of(9L, 8L, 7L, 5L, 4L)));
        assertThat(IdleGaps.of(0, List.<Long>of().stream())).isEqualTo(new IdleGaps(0, 0, List.of()));
    }
}
