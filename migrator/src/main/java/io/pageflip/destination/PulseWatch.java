package io.pageflip.destination;

import io.pageflip.heartbeat.Pulse;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.MigrationGaps;
import io.pageflip.metrics.Throughput;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the guest's {@link Pulse} while the guest runs at the destination, and computes the report's figures from it.
 * Used by the agent's thread, which must {@link #read} at least twice a minute, because the pulse keeps a minute.
 */
final class PulseWatch {
    private static final int SLOTS_BEFORE = 100;
    private static final int MOST_SLOTS = 1000;

    /** How many slots a reading stays behind: a vCPU that does not get a processor writes its slot late. */
    private static final int SLOTS_LATE = 1000;

    /** A figure of the pulse, for a vCPU and a slot. */
    @FunctionalInterface
    interface Figure {
        long of(int vcpu, long slot);
    }

    /** The longest gap that ended in a slot. */
    private record SlotGap(long slot, long ns) {}

    private final Figure executed;
    private final Figure longestGapNs;
    private final int vcpus;
    private final long lastInstructionNs;
    private final long resumedNs;
    private final long meanPausedNs;
    private final long startSlot;
    private final long lastSlot;
    private final long firstSlot;
    private final List<Long> instructions = new ArrayList<>();
    private final List<SlotGap> gaps = new ArrayList<>();
    private final PriorityQueue<Long> longestGaps = new PriorityQueue<>();
    private long nextSlot;
    private long migrationEndNs = Long.MAX_VALUE;
    private long endNs;

    /**
     * A watch over a switchover that has just happened.
     *
     * @param executed instructions, as {@link Pulse#instructions}
     * @param longestGapNs as {@link Pulse#longestGapNs}
     * @param startNs when the source began to prepare the migration
     * @param lastInstructionNs when each vCPU executed its last instruction at the source
     * @param firstInstructionNs when each vCPU executed its first instruction here
     */
    PulseWatch(
            Figure executed, Figure longestGapNs, long startNs, long[] lastInstructionNs, long[] firstInstructionNs) {
        this.executed = executed;
        this.longestGapNs = longestGapNs;
        this.vcpus = lastInstructionNs.length;
        this.lastInstructionNs = LongStream.of(lastInstructionNs).max().orElseThrow();
        this.resumedNs = LongStream.of(firstInstructionNs).max().orElseThrow();
        long paused = 0;
        for (int i = 0; i < vcpus; i++) {
            paused += (firstInstructionNs[i] - lastInstructionNs[i]) / vcpus;
        }
        this.meanPausedNs = paused;
        // The source has written these times: they must not make a loop run for too long.
        long oldest = Pulse.slotOf(resumedNs) - Pulse.SLOTS;
        this.lastSlot = Math.max(Pulse.slotOf(this.lastInstructionNs), oldest);
        this.startSlot = Math.min(lastSlot, Math.max(Pulse.slotOf(startNs), oldest));
        this.firstSlot = startSlot - SLOTS_BEFORE;
        this.nextSlot = firstSlot;
    }

    /** A watch over the switchover of a guest that has this pulse. */
    static PulseWatch of(Pulse pulse, long startNs, long[] lastInstructionNs, long[] firstInstructionNs) {
        return new PulseWatch(pulse::instructions, pulse::longestGapNs, startNs, lastInstructionNs, firstInstructionNs);
    }

    /** The migration has ended: from now on, gaps in the guest's heartbeats count as idle gaps. */
    void migrationEnded(long nowNs) {
        migrationEndNs = nowNs;
    }

    /** Reads the slots that the vCPUs have certainly written by now. */
    void read(long nowNs) {
        readUntil(Pulse.slotOf(nowNs) - SLOTS_LATE);
    }

    /** Ends the watch: reads all slots that end before {@code nowNs}. */
    void end(long nowNs) {
        endNs = nowNs;
        readUntil(Pulse.slotOf(nowNs));
    }

    private void readUntil(long end) {
        for (; nextSlot < end; nextSlot++) {
            long count = 0;
            long gapNs = 0;
            for (int vcpu = 0; vcpu < vcpus; vcpu++) {
                count += executed.of(vcpu, nextSlot);
                gapNs = Math.max(gapNs, longestGapNs.of(vcpu, nextSlot));
            }
            if (instructions.size() < 2 * Pulse.SLOTS) {
                instructions.add(count);
            }
            if (gapNs > MigrationGaps.LEAST_NS && nextSlot >= startSlot && gaps.size() < Pulse.SLOTS) {
                gaps.add(new SlotGap(nextSlot, gapNs));
            }
            if (gapNs > 0 && nextSlot * Pulse.SLOT_NS - gapNs >= migrationEndNs) {
                longestGaps.add(gapNs);
                if (longestGaps.size() > IdleGaps.MOST) {
                    longestGaps.remove();
                }
            }
        }
    }

    Throughput throughput() {
        long first = lastSlot - SLOTS_BEFORE;
        int from = (int) Math.min(instructions.size(), first - firstSlot);
        int begin = (int) Math.min(instructions.size(), startSlot - firstSlot);
        return Throughput.of(
                Pulse.SLOT_NS,
                first * Pulse.SLOT_NS - lastInstructionNs,
                lastInstructionNs,
                instructions.subList(from, Math.min(instructions.size(), from + MOST_SLOTS)),
                resumedNs - lastInstructionNs,
                GuestTimeLost.rateBefore(Pulse.SLOT_NS, instructions, begin));
    }

    /**
     * What the guest lost; null if that is not known.
     *
     * @param doneNs when both agents were done
     */
    @Nullable
    GuestTimeLost guestTimeLost(long doneNs) {
        long resumed = Pulse.slotOf(resumedNs);
        long end = Math.max(resumed, Pulse.slotOf(doneNs)) + 1;
        if (end - firstSlot > instructions.size()) {
            return null; // the migration took longer than the pulse is kept, or the guest was not watched until its end
        }
        int calmEnd = (int) Math.min(instructions.size(), end - firstSlot + SLOTS_BEFORE);
        return GuestTimeLost.of(
                Pulse.SLOT_NS,
                instructions.subList(0, calmEnd),
                new GuestTimeLost.Moments(
                        (int) (startSlot - firstSlot), (int) (lastSlot - firstSlot), (int) (resumed - firstSlot), (int)
                                (end - firstSlot)),
                meanPausedNs);
    }

    /**
     * The gaps of the migration.
     *
     * @param readyNs when the destination was ready
     * @param doneNs when both agents were done
     */
    MigrationGaps migrationGaps(long readyNs, long doneNs) {
        List<MigrationGaps.Gap> found = new ArrayList<>();
        for (SlotGap gap : gaps) {
            if (gap.slot() <= Pulse.slotOf(doneNs)) {
                long fromNs = gap.slot() * Pulse.SLOT_NS - gap.ns();
                found.add(new MigrationGaps.Gap(fromNs - lastInstructionNs, gap.ns(), phase(gap.slot(), readyNs)));
            }
        }
        return MigrationGaps.of(found);
    }

    private MigrationGaps.Phase phase(long slot, long readyNs) {
        if (slot > Pulse.slotOf(resumedNs)) {
            return MigrationGaps.Phase.FINISHING;
        }
        if (slot >= lastSlot) {
            return MigrationGaps.Phase.PAUSED;
        }
        return slot >= Pulse.slotOf(readyNs) ? MigrationGaps.Phase.READY : MigrationGaps.Phase.PREPARING;
    }

    IdleGaps idleGaps() {
        return IdleGaps.of(Math.max(0, endNs - migrationEndNs), longestGaps.stream());
    }
}
