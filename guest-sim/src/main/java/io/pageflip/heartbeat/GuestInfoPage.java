package io.pageflip.heartbeat;

import io.pageflip.os.Mapping;
import io.pageflip.ram.RamBlock;

/**
 * Page 0 of block {@code ram}: lets any other process watch the guest run, without the guest's help. Little-endian.
 * {@link GuestInfo} reads it.
 *
 * <pre>
 *        0  8 bytes  "PAGEFLIP"
 *        8  u32      layout version, 2
 *       12  u32      number of vCPUs
 *       16  u64      a number that tells this guest from all others; 0 if nobody is to watch it
 *       24           free; the guest of real QEMU uses it (migrator/src/guest/guest.S)
 *  64+64i   u64      vCPU i: heartbeat counter, one more with every instruction
 *  72+64i   u64      vCPU i: CLOCK_MONOTONIC nanoseconds at its last heartbeat; in the guest of real QEMU its time
 *                    stamp counter
 * </pre>
 *
 * <p>Each word is stored in one piece, and nothing orders one word after another: an observer may see the counter of
 * one heartbeat and the time of the one before.
 */
public final class GuestInfoPage {
    /** The RAM block whose page 0 it is, by its place in the guest's list of blocks: block {@code ram}. */
    public static final int BLOCK = 0;

    /** A page holds no more: (4096 - 64) / 64. */
    public static final int MAX_VCPUS = 63;

    static final long MAGIC = 0x50494c4645474150L; // "PAGEFLIP", read as a little-endian word
    static final int VERSION = 2;
    static final int VERSION_AT = 8;
    static final int VCPUS_AT = 12;
    static final int GUEST_AT = 16;
    static final int FIRST_VCPU = 64;
    static final int VCPU_BYTES = 64;
    private static final int BEAT_TIME = 8;

    private final Mapping ram;

    public GuestInfoPage(RamBlock ram) {
        this.ram = ram.mapping();
    }

    /**
     * Writes the header. The first word comes last, so that whoever sees it sees the rest.
     *
     * @param guest a number that no other guest has, or {@link GuestInfo#UNSEEN}
     */
    public void initialize(int vcpus, long guest) {
        ram.setInt(VERSION_AT, VERSION);
        ram.setInt(VCPUS_AT, vcpus);
        ram.setLong(GUEST_AT, guest);
        ram.setLongRelease(0, MAGIC);
    }

    /** Whether the page has the header of a guest with {@code vcpus} vCPUs. */
    public boolean isValid(int vcpus) {
        return ram.getLong(0) == MAGIC && ram.getInt(VERSION_AT) == VERSION && ram.getInt(VCPUS_AT) == vcpus;
    }

    public void beat(int vcpu, long instructions, long nowNs) {
        long at = FIRST_VCPU + (long) vcpu * VCPU_BYTES;
        ram.setLong(at, instructions);
        ram.setLong(at + BEAT_TIME, nowNs);
    }

    public long heartbeat(int vcpu) {
        return ram.getLong(FIRST_VCPU + (long) vcpu * VCPU_BYTES);
    }

    public long beatTimeNs(int vcpu) {
        return ram.getLong(FIRST_VCPU + (long) vcpu * VCPU_BYTES + BEAT_TIME);
    }
}
