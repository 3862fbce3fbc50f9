package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pageflip.heartbeat.Pulse;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.MigrationGaps;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PulseWatchTest {
    private static final long MS = Pulse.SLOT_NS;

    /** The guest stopped in slot 10,000 and went on in slot 10,003. */
    private static final long LAST_NS = 10_000 * MS + 250_000;

    private static final long FIRST_NS = 10_003 * MS + 500_000;

    private static final long START_NS = 9_950 * MS;

    /** The slots that vCPU 0 was asked for, in that order. */
    private final List<Long> asked = new ArrayList<>();

    /** Gaps by the slot in which they ended, of vCPU 0. */
    private final Map<Long, Long> gaps = new TreeMap<>();

    private final PulseWatch watch = watch(new long[] {LAST_NS}, new long[] {FIRST_NS});

    /** Of vCPUs of which each executes as many instructions in a slot as its number plus one. */
    private PulseWatch watch(long[] lastNs, long[] firstNs) {
        return new PulseWatch(
                (vcpu, slot) -> {
                    if (vcpu == 0) {
                        asked.add(slot);
                    }
                    return vcpu + 1L;
                },
                (vcpu, slot) -> vcpu == 0 ? gaps.getOrDefault(slot, 0L) : 0,
                START_NS,
                lastNs,
                firstNs);
    }

    @Test
    void beginsAHundredSlotsBeforeTheMigration() {
        watch.end(10_050 * MS);

        assertThat(asked).first().isEqualTo(9_850L);
        assertThat(watch.throughput().fromNs()).isEqualTo(-100 * MS - 250_000);
        assertThat(watch.throughput().slotNs()).isEqualTo(MS);
        assertThat(watch.throughput().recoveredNs()).isEqualTo(FIRST_NS - LAST_NS);
    }

    @Test
    void leavesToLaterWhatAVcpuMayStillEnterAndReadsEachSlotOnce() {
        watch.read(10_950 * MS);
        assertThat(asked).last().isEqualTo(9_949L);
        watch.read(10_940 * MS);
        watch.read(11_100 * MS + 999_999);
        assertThat(asked).last().isEqualTo(10_099L);

        watch.end(11_200 * MS);

        assertThat(asked)
                .doesNotHaveDuplicates()
                .isSorted()
                .hasSize(1_350)
                .last()
                .isEqualTo(11_199L);
    }

    @Test
    void addsUpWhatAllVcpusExecuted() {
        PulseWatch three = watch(new long[] {LAST_NS - 7 * MS, LAST_NS, 1}, new long[] {1, FIRST_NS - MS, FIRST_NS});

        three.end(10_050 * MS);

        assertThat(asked).as("from the last of all instructions on").first().isEqualTo(9_850L);
        assertThat(three.throughput().instructions()).isEqualTo(Collections.nCopies(150, 1L + 2 + 3));
        assertThat(three.throughput().recoveredNs())
                .as("until the last of them runs")
                .isEqualTo(FIRST_NS - LAST_NS);
    }

    @Test
    void keepsAThousandSlotsAndTheGapsOfAll() {
        watch.migrationEnded(10_100 * MS);
        gaps.put(12_500L, 3 * MS);

        watch.end(13_000 * MS);

        assertThat(watch.throughput().instructions()).hasSize(1_000);
        assertThat(watch.idleGaps().longest()).containsExactly(3 * MS);
    }

    @Test
    void onlyAGapThatBeganWhenTheGuestHadSettledIsIdle() {
        watch.migrationEnded(10_100 * MS);
        gaps.put(10_050L, 9 * MS);
        gaps.put(10_101L, 2 * MS);
        gaps.put(10_102L, 2 * MS);

        watch.end(10_350 * MS);

        assertThat(watch.idleGaps()).isEqualTo(new IdleGaps(250 * MS, 2 * MS, List.of(2 * MS)));
    }

    @Test
    void keepsTheLongestGaps() {
        watch.migrationEnded(10_100 * MS);
        for (long i = 1; i <= 20; i++) {
            gaps.put(10_200 + i, i * 1_000);
        }

        watch.end(10_350 * MS);

        assertThat(watch.idleGaps().longest()).containsExactly(20_000L, 19_000L, 18_000L, 17_000L, 16_000L);
    }

    @Test
    void withoutACalmTimeThereAreNoIdleGaps() {
        gaps.put(10_200L, 9 * MS);

        watch.end(10_350 * MS);

        assertThat(watch.idleGaps()).isEqualTo(new IdleGaps(0, 0, List.of()));
    }

    @Test
    void aSourceThatStoodStillForEverIsNotReadForEver() {
        PulseWatch old = watch(new long[] {1}, new long[] {FIRST_NS + Pulse.SLOTS * MS});

        old.end((Pulse.SLOTS + 10_050) * MS);

        assertThat(asked).first().isEqualTo(10_003L - 100);
    }

    @Test
    void whatTheGuestLostBeginsWithThePreparation() {
        Map<Long, Long> slow = new TreeMap<>(Map.of(10_000L, 2L, 10_001L, 0L, 10_002L, 0L, 10_003L, 5L));
        for (long slot = 9_960; slot < 9_970; slot++) {
            slow.put(slot, 5L);
        }
        PulseWatch one = new PulseWatch(
                (vcpu, slot) -> slow.getOrDefault(slot, 10L),
                (vcpu, slot) -> 0,
                START_NS,
                new long[] {LAST_NS},
                new long[] {FIRST_NS});
        one.end(10_200 * MS);

        GuestTimeLost lost = Objects.requireNonNull(one.guestTimeLost(10_020 * MS));

        assertThat(lost.rateBefore()).isEqualTo(10_000);
        assertThat(lost.rateAfter()).isEqualTo(10_000);
        assertThat(lost.lastedNs()).isEqualTo(71 * MS);
        assertThat(lost.beforeNs()).isEqualTo(5 * MS);
        assertThat(lost.downtimeNs()).isEqualTo(FIRST_NS - LAST_NS);
        assertThat(lost.afterNs()).isEqualTo(50_000);
    }

    @Test
    void aGuestThatWasNotWatchedUntilBothAgentsWereDoneHasLostWhatNobodyKnows() {
        watch.end(10_010 * MS);

        assertThat(watch.guestTimeLost(10_020 * MS)).isNull();
    }

    @Test
    void gapsOfTheMigrationSayWhatTheAgentsDid() {
        gaps.putAll(Map.of(
                9_940L,
                9 * MS, // before the migration
                9_960L,
                2 * MS,
                9_990L,
                MS,
                10_003L,
                FIRST_NS - LAST_NS,
                10_010L,
                60_000L,
                10_015L,
                50_000L, // not longer than what counts
                10_021L,
                9 * MS)); // when it was over
        watch.end(10_200 * MS);

        MigrationGaps found = watch.migrationGaps(9_980 * MS, 10_020 * MS);

        assertThat(found.count()).isEqualTo(4);
        assertThat(found.longest())
                .extracting(MigrationGaps.Gap::ns, MigrationGaps.Gap::phase)
                .containsExactly(
                        tuple(FIRST_NS - LAST_NS, MigrationGaps.Phase.PAUSED),
                        tuple(2 * MS, MigrationGaps.Phase.PREPARING),
                        tuple(MS, MigrationGaps.Phase.READY),
                        tuple(60_000L, MigrationGaps.Phase.FINISHING));
        assertThat(found.longest().get(1).fromNs()).isEqualTo(9_958 * MS - LAST_NS);
    }
}
