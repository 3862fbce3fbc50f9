package io.pageflip.heartbeat;

import io.pageflip.os.Mapping;

/**
 * The guest's recent heartbeats, in slots of a millisecond of CLOCK_MONOTONIC: a ring for each vCPU, in memory that
 * every agent maps, so that the agent that runs the guest after a migration also knows how it ran before.
 *
 * <pre>
 *  vCPU i, at 1 MiB x i: 65536 times
 *    0  u32  instructions executed in this slot
 *    4  u32  the slot: CLOCK_MONOTONIC in milliseconds, its low 32 bits
 *    8  u64  the longest time between two heartbeats of which the second was in this slot, ns
 * </pre>
 *
 * <p>A vCPU writes a slot when it executes its first instruction in a later one, or pauses; it writes nothing for a
 * slot in which it executed nothing. It writes the gap before the first word (release), and readers read it after that
 * word (acquire). Any thread may read meanwhile. Slots older than about a minute are overwritten.
 */
public final class Pulse {
    /** A slot, in nanoseconds. */
    public static final long SLOT_NS = 1_000_000;

    /** Slots that are kept. */
    public static final int SLOTS = 1 << 16;

    private static final int SLOT_BYTES = 16;
    private static final int GAP = 8;
    private static final int RING_BYTES = SLOTS * SLOT_BYTES;
    private static final long COUNT_MASK = 0xffff_ffffL;

    private final Mapping mapping;
    private final long base;

    /** The pulse at {@code base} of a mapping, which must outlive this object. */
    public Pulse(Mapping mapping, long base) {
        this.mapping = mapping;
        this.base = base;
    }

    /** Bytes for the rings of as many vCPUs as there can be; rings that no vCPU writes to stay holes. */
    public static long lengthBytes() {
        return (long) GuestInfoPage.MAX_VCPUS * RING_BYTES;
    }

    /** The slot of a time. */
    public static long slotOf(long ns) {
        return Math.floorDiv(ns, SLOT_NS);
    }

    /** Instructions that vCPU {@code vcpu} executed in a slot; 0 if it is not, or no longer, known. */
    public long instructions(int vcpu, long slot) {
        long word = mapping.getLongAcquire(at(vcpu, slot));
        return isOf(word, slot) ? word & COUNT_MASK : 0;
    }

    /**
     * The longest time, in nanoseconds, between two heartbeats of vCPU {@code vcpu} that ended in a slot; 0 if it is
     * not, or no longer, known.
     */
    public long longestGapNs(int vcpu, long slot) {
        long at = at(vcpu, slot);
        return isOf(mapping.getLongAcquire(at), slot) ? mapping.getLong(at + GAP) : 0;
    }

    private static boolean isOf(long word, long slot) {
        return (int) (word >>> Integer.SIZE) == (int) slot;
    }

    private long at(int vcpu, long slot) {
        return base + (long) vcpu * RING_BYTES + (long) Math.floorMod(slot, SLOTS) * SLOT_BYTES;
    }

    /** Writes the ring of one vCPU. Used by the vCPU's thread alone; never allocates. */
    public static final class Writer {
        private final Pulse pulse;
        private final int vcpu;
        private long slot;
        private long slotEndNs;
        private long before;
        private long longestGapNs;

        public Writer(Pulse pulse, int vcpu) {
            this.pulse = pulse;
            this.vcpu = vcpu;
        }

        /**
         * Records a heartbeat. Almost every one is neither the first of its slot nor the end of the longest gap there,
         * so this method is short enough to be inlined.
         *
         * @param lastNs when the previous heartbeat was, whichever agent ran the guest then; 0 if this is the first
         *     ever
         * @param instructions executed up to now, this one included
         */
        public void beat(long lastNs, long nowNs, long instructions) {
            if (nowNs >= slotEndNs || nowNs - lastNs > longestGapNs) {
                note(lastNs, nowNs, instructions);
            }
        }

        private void note(long lastNs, long nowNs, long instructions) {
            if (nowNs >= slotEndNs) {
                enter(instructions - 1);
                before = instructions - 1;
                slot = slotOf(nowNs);
                slotEndNs = (slot + 1) * SLOT_NS;
            }
            if (lastNs != 0) {
                longestGapNs = Math.max(longestGapNs, nowNs - lastNs);
            }
        }

        /**
         * Writes the current slot: what the vCPU did in it, added to what it did there in another agent. Call it when
         * the vCPU has paused.
         *
         * @param instructions executed up to now
         */
        public void enter(long instructions) {
            if (slotEndNs != 0) {
                long at = pulse.at(vcpu, slot);
                long word = pulse.mapping.getLong(at);
                boolean same = isOf(word, slot);
                long count = instructions - before + (same ? word & COUNT_MASK : 0);
                pulse.mapping.setLong(
                        at + GAP, same ? Math.max(longestGapNs, pulse.mapping.getLong(at + GAP)) : longestGapNs);
                pulse.mapping.setLongRelease(at, slot << Integer.SIZE | Math.min(COUNT_MASK, count));
            }
            slotEndNs = 0;
            longestGapNs = 0;
        }
    }
}
