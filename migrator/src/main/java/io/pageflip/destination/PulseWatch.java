package io.pageflip.destination;

import io.pageflip.guest.Pulse;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Throughput;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.LongStream;

/**
 * Reads the guest's {@link Pulse} while the guest runs at the destination, and comes to what the report says of it. Used by the
 * agent's thread, which must {@link #read} at least every two seconds: the pulse keeps four.
 */
final class PulseWatch {
    private static final int SLOTS_BEFORE = 100;
    private static final int MOST_SLOTS = 1000;

    /** A vCPU that does not get a processor enters its slot late. */
    private static final int SLOTS_LATE = 1000;

    private final Pulse pulse;
    private final int vcpus;
    private final long lastInstructionNs;
    private final long resumedNs;
    private final long firstSlot;
    private final List<Long> instructions = new ArrayList<>();
    private final PriorityQueue<Long> longestGaps = new PriorityQueue<>();
    private long nextSlot;
    private long settledNs = Long.MAX_VALUE;
    private long endNs;

    /**
     * A watch over a switch that has just been.
     *
     * @param lastInstructionNs of each vCPU at the source
     * @param firstInstructionNs of each vCPU here
     */
    PulseWatch(Pulse pulse, long[] lastInstructionNs, long[] firstInstructionNs) {
        this.pulse = pulse;
        this.vcpus = lastInstructionNs.length;
        this.lastInstructionNs = LongStream.of(lastInstructionNs).max().orElseThrow();
        this.resumedNs = LongStream.of(firstInstructionNs).max().orElseThrow();
        // What the source said is not to be trusted with the length of a loop.
        long lastSlot = Math.max(Pulse.slotOf(this.lastInstructionNs), Pulse.slotOf(resumedNs) - Pulse.SLOTS);
        this.firstSlot = lastSlot - SLOTS_BEFORE;
        this.nextSlot = firstSlot;
    }

    /** From now on nothing here has to do with the migration any more. */
    void settled(long nowNs) {
        settledNs = nowNs;
    }

    /** Reads what has been entered for certain. */
    void read(long nowNs) {
        readUntil(Pulse.slotOf(nowNs) - SLOTS_LATE);
    }

    /** Reads all slots that end before {@code nowNs}: the watch is over. */
    void end(long nowNs) {
        endNs = nowNs;
        readUntil(Pulse.slotOf(nowNs));
    }

    private void readUntil(long end) {
        for (; nextSlot < end; nextSlot++) {
            long count = 0;
            long gapNs = 0;
            for (int vcpu = 0; vcpu < vcpus; vcpu++) {
                count += pulse.instructions(vcpu, nextSlot);
                gapNs = Math.max(gapNs, pulse.longestGapNs(vcpu, nextSlot));
            }
            if (instructions.size() < MOST_SLOTS) {
                instructions.add(count);
            }
            if (gapNs > 0 && nextSlot * Pulse.SLOT_NS - gapNs >= settledNs) {
                longestGaps.add(gapNs);
                if (longestGaps.size() > IdleGaps.MOST) {
                    longestGaps.remove();
                }
            }
        }
    }

    Throughput throughput() {
        return Throughput.of(
                Pulse.SLOT_NS,
                firstSlot * Pulse.SLOT_NS - lastInstructionNs,
                instructions,
                resumedNs - lastInstructionNs);
    }

    IdleGaps idleGaps() {
        return IdleGaps.of(Math.max(0, endNs - settledNs), longestGaps.stream());
    }
}
