package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the guest did not execute because of the migration: the sum, over the time from when the source began to prepare
 * until both agents were done, of what it would have executed undisturbed less what it executed. In nanoseconds of
 * guest time: 1 ms is what the guest does in a millisecond when nobody migrates it.
 *
 * @param rateBefore instructions a second, all vCPUs together, just before the source began; 0 if not known
 * @param rateAfter the same, when both agents were done; 0 if not known
 * @param lastedNs from when the source began to prepare until both agents were done
 * @param beforeNs what was lost before the guest was paused; null like the next two if no loss is claimed: the two
 *     rates are not known, or differ by more than {@link #CALM_PERCENT} percent, so that something else disturbed the
 *     guest, too
 * @param downtimeNs what was lost while the guest was paused: the mean over its vCPUs
 * @param afterNs what was lost from then on
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GuestTimeLost(
        long rateBefore,
        long rateAfter,
        long lastedNs,
        @Nullable Long beforeNs,
        @Nullable Long downtimeNs,
        @Nullable Long afterNs) {
    /** How much the rates before and after may differ. */
    public static final int CALM_PERCENT = 10;

    /** Slots that are enough to know a rate. */
    static final int FEW = 20;

    private static final double NS_PER_S = 1e9;

    public GuestTimeLost {
        if ((beforeNs == null) != (downtimeNs == null) || (beforeNs == null) != (afterNs == null)) {
            throw new IllegalArgumentException("a part of the guest's lost time is missing");
        }
    }

    /** All parts together; null if no loss is claimed. */
    @JsonProperty
    public @Nullable Long totalNs() {
        return beforeNs == null || downtimeNs == null || afterNs == null ? null : beforeNs + downtimeNs + afterNs;
    }

    /**
     * Where the migration lies in a row of slots.
     *
     * @param begin the slot in which the source began to prepare; the guest is undisturbed before it
     * @param paused the slot of the last instruction at the source
     * @param resumed the slot of the first instruction of the last vCPU at the destination
     * @param end the first slot after both agents were done; the guest is undisturbed from there on
     */
    public record Moments(int begin, int paused, int resumed, int end) {
        public Moments {
            if (begin < 0 || paused < begin || resumed < paused || end <= resumed) {
                throw new IllegalArgumentException(
                        "begin " + begin + ", paused " + paused + ", resumed " + resumed + ", end " + end);
            }
        }
    }

    /**
     * Adds up what was lost.
     *
     * @param slotNs the length of a slot
     * @param instructions executed in each slot, all vCPUs together; those before the guest first ran are 0
     * @param pausedNs how long a vCPU was paused, the mean over all
     */
    public static GuestTimeLost of(long slotNs, List<Long> instructions, Moments at, long pausedNs) {
        double before = before(instructions, at.begin());
        double after = mean(instructions, at.end(), instructions.size());
        long rateBefore = rate(slotNs, before);
        long rateAfter = rate(slotNs, after);
        long lastedNs = (at.end() - at.begin()) * slotNs;
        boolean calm =
                before > 0 && after > 0 && Math.abs(before - after) * 100 <= Math.max(before, after) * CALM_PERCENT;
        if (!calm) {
            return new GuestTimeLost(rateBefore, rateAfter, lastedNs, null, null, null);
        }
        double undisturbed = (before + after) / 2;
        double lostBefore = lost(instructions, at.begin(), at.paused(), undisturbed);
        double lostSince = lost(instructions, at.paused(), at.end(), undisturbed);
        return new GuestTimeLost(
                rateBefore,
                rateAfter,
                lastedNs,
                Math.max(0, Math.round(lostBefore * slotNs)),
                pausedNs,
                Math.max(0, Math.round(lostSince * slotNs) - pausedNs));
    }

    /**
     * Instructions a second before the source began to prepare; 0 if that is not known.
     *
     * @param instructions executed in each slot; those before the guest first ran are 0
     * @param begin the slot in which the source began
     */
    public static long rateBefore(long slotNs, List<Long> instructions, int begin) {
        return rate(slotNs, before(instructions, begin));
    }

    /** What so many instructions in a slot are in a second. */
    private static long rate(long slotNs, double instructions) {
        return Math.round(instructions * NS_PER_S / slotNs);
    }

    private static double before(List<Long> instructions, int begin) {
        return mean(instructions, firstThatRan(instructions, begin), begin);
    }

    /** Slots' worth of what was not executed; less than 0 if more was executed than expected. */
    private static double lost(List<Long> instructions, int from, int to, double undisturbed) {
        double lost = 0;
        for (int i = from; i < to; i++) {
            lost += 1 - instructions.get(i) / undisturbed;
        }
        return lost;
    }

    private static int firstThatRan(List<Long> instructions, int end) {
        int first = 0;
        while (first < end && instructions.get(first) == 0) {
            first++;
        }
        return first + 1; // the guest may have begun in the middle of that one
    }

    /** Instructions in a slot; 0 if there are too few slots to tell. */
    private static double mean(List<Long> instructions, int from, int to) {
        return to - from < FEW
                ? 0
                : instructions.subList(from, to).stream()
                        .mapToLong(Long::longValue)
                        .average()
                        .orElse(0);
    }
}
