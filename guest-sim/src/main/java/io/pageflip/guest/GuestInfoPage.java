package io.pageflip.guest;

import io.pageflip.os.Mapping;

/**
 * Page 0 of block {@code ram}: lets anything outside watch the guest live, without its help. Little-endian.
 *
 * <pre>
 *        0  8 bytes  "PAGEFLIP"
 *        8  u32      layout version, 1
 *       12  u32      number of vCPUs
 *  64+64i   u64      vCPU i: heartbeat counter, one more with every instruction
 *  72+64i   u64      vCPU i: CLOCK_MONOTONIC nanoseconds at its last heartbeat
 * </pre>
 */
public final class GuestInfoPage {
    /** A page holds no more: (4096 - 64) / 64. */
    public static final int MAX_VCPUS = 63;

    private static final long MAGIC = 0x50494c4645474150L; // "PAGEFLIP", read as a little-endian word
    private static final int VERSION = 1;
    private static final int FIRST_VCPU = 64;
    private static final int VCPU_BYTES = 64;
    private static final int BEAT_TIME = 8;

    private final Mapping ram;

    GuestInfoPage(RamBlock ram) {
        this.ram = ram.mapping();
    }

    void initialize(int vcpus) {
        ram.setLong(0, MAGIC);
        ram.setInt(8, VERSION);
        ram.setInt(12, vcpus);
    }

    /** Whether the page says what it should of a guest with {@code vcpus} vCPUs. */
    boolean isValid(int vcpus) {
        return ram.getLong(0) == MAGIC && ram.getInt(8) == VERSION && ram.getInt(12) == vcpus;
    }

    void beat(int vcpu, long instructions, long nowNs) {
        long at = FIRST_VCPU + (long) vcpu * VCPU_BYTES;
        ram.setLong(at, instructions);
        ram.setLong(at + BEAT_TIME, nowNs);
    }

    long heartbeat(int vcpu) {
        return ram.getLong(FIRST_VCPU + (long) vcpu * VCPU_BYTES);
    }

    long beatTimeNs(int vcpu) {
        return ram.getLong(FIRST_VCPU + (long) vcpu * VCPU_BYTES + BEAT_TIME);
    }
}
