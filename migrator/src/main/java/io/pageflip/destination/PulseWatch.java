package io.pageflip.destination;

import io.pageflip.heartbeat.Pulse;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Throughput;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.LongStream;

/**
 * Reads the guest's {@link Pulse} while the guest runs at the destination, and computes the report's figures from it.
 * Used by the agent's thread, which must {@link #read} at least every two seconds, because the pulse keeps four.
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

    private final Figure executed;
    private final Figure longestGapNs;
    private final int vcpus;
    private final long lastInstructionNs;
    private final long resumedNs;
    private final long firstSlot;
    private final List<Long> instructions = new ArrayList<>();
    private final PriorityQueue<Long> longestGaps = new PriorityQueue<>();
    private long nextSlot;
    private long migrationEndNs = Long.MAX_VALUE;
    private long endNs;

    /**
     * A watch over a switchover that has just happened.
     *
     * @param executed instructions, as {@link Pulse#instructions}
     * @param longestGapNs as {@link Pulse#longestGapNs}
     * @param lastInstructionNs when each vCPU executed its last instruction at the source
     * @param firstInstructionNs when each vCPU executed its first instruction here
     */
    PulseWatch(Figure executed, Figure longestGapNs, long[] lastInstructionNs, long[] firstInstructionNs) {
        this.executed = executed;
        this.longestGapNs = longestGapNs;
        this.vcpus = lastInstructionNs.length;
        this.lastInstructionNs = LongStream.of(lastInstructionNs).max().orElseThrow();
        this.resumedNs = LongStream.of(firstInstructionNs).max().orElseThrow();
        // The source has written this time: it must not make a loop run for too long.
        long lastSlot = Math.max(Pulse.slotOf(this.lastInstructionNs), Pulse.slotOf(resumedNs) - Pulse.SLOTS);
        this.firstSlot = lastSlot - SLOTS_BEFORE;
        this.nextSlot = firstSlot;
    }

    /** A watch over the switchover of a guest that has this pulse. */
    static PulseWatch of(Pulse pulse, long[] lastInstructionNs, long[] firstInstructionNs) {
        return new PulseWatch(pulse::instructions, pulse::longestGapNs, lastInstructionNs, firstInstructionNs);
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
            if (instructions.size() < MOST_SLOTS) {
                instructions.add(count);
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
        return Throughput.of(
                Pulse.SLOT_NS,
                firstSlot * Pulse.SLOT_NS - lastInstructionNs,
                lastInstructionNs,
                instructions,
                resumedNs - lastInstructionNs);
    }

    IdleGaps idleGaps() {
        return IdleGaps.of(Math.max(0, endNs - migrationEndNs), longestGaps.stream());
    }
}
