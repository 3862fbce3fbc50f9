package io.pageflip.switchover;

import io.pageflip.os.Futex;
import io.pageflip.os.Mapping;
import io.pageflip.os.SyscallException;

/**
 * The page through which a paused guest's state crosses: the second page of the {@link RunToken}'s memfd,
 * little-endian. The source writes the page, then the word; the destination spins on the word, then reads the page.
 *
 * <pre>
 *    0        u32  the word, a futex: owner epoch &lt;&lt; 2 | phase (1 saved, 2 released);
 *                  with any other epoch, nothing has happened yet
 *    4        u32  END frames that the source has sent: a destination that has received fewer lacks pages
 *    8  3 x   u64  CLOCK_MONOTONIC at the source: all vCPUs were paused, the state was saved, the lock was free
 *   32        u64  the guest's own clock, ns
 *   40        u64  console: bytes produced
 *   48        u32  console: bytes in its FIFO
 *   56  16 bytes   console: the FIFO
 *   96        u32  rounds of pages that the destination has received while the guest runs; the destination
 *                  writes this word and the next two
 *  100        u32  postcopy: the destination's owner epoch, once it has every page and no longer needs the source
 *  104        u64  postcopy of pulled pages: how long the destination waits for the source to connect again, ns
 *  112        u64  how long a vCPU executed nothing, for the dry run shortly before, ns; 0 if none did
 *  120        u64  CLOCK_MONOTONIC when the source had freed all that it had of the guest; 0 before that
 *  128+32i    u64  vCPU i: instructions, last instruction (ns), random state, cursor
 * </pre>
 *
 * <p>What orders it: the word, and offsets 96 and 100, are stored after everything before them (release) and read
 * before everything after them (acquire). The source writes all else before the word, the destination offset 104 before
 * it says that it is ready.
 *
 * <p>Nothing here allocates or makes a system call, but {@link #await} and the wake-up of {@link #publish}. Another
 * process has written what is read here: values are checked where they could do harm.
 */
public final class SwitchoverPage {
    public static final int SAVED = 1;
    public static final int RELEASED = 2;

    private static final int PHASE_BITS = 2;
    private static final int PHASE_MASK = 3;
    private static final int EPOCH_MASK = -1 >>> PHASE_BITS;
    private static final int ENDS = 4;
    private static final int GUEST_PAUSED_NS = 8;
    private static final int SAVED_NS = 16;
    private static final int RELEASED_NS = 24;
    private static final int CLOCK = 32;
    private static final int PRODUCED = 40;
    private static final int FIFO_FILL = 48;
    private static final int FIFO = 56;
    private static final int ROUNDS = 96;
    private static final int LAST_PAGE = 100;
    private static final int RECOVER_TIMEOUT_NS = 104;
    private static final int DRY_RUN_NS = 112;
    private static final int SOURCE_DONE_NS = 120;
    private static final int VCPUS = 128;
    private static final int VCPU_BYTES = 32;

    private final Mapping mapping;
    private final long base;
    private final Futex word;

    /** The page at {@code base} of a mapping, which must outlive this object. */
    SwitchoverPage(Mapping mapping, long base) {
        this.mapping = mapping;
        this.base = base;
        this.word = new Futex(mapping, base);
    }

    /** How far the source with this epoch has come: 0, {@link #SAVED} or {@link #RELEASED}. */
    public int phase(int ownerEpoch) {
        int value = word.get();
        int phase = value & PHASE_MASK;
        return value >>> PHASE_BITS == (ownerEpoch & EPOCH_MASK) && phase <= RELEASED ? phase : 0;
    }

    /** Whether the page holds the state of the guest of this epoch: the guest now survives the death of the source. */
    public boolean isSaved(int ownerEpoch) {
        return phase(ownerEpoch) != 0;
    }

    /** Stores how far the source has come, after all its earlier writes, and wakes the waiters. */
    public void publish(int ownerEpoch, int phase) {
        word.setAndWake((ownerEpoch << PHASE_BITS) | phase);
    }

    /** As {@link #publish}, for a phase that no thread sleeps for: wakes nobody. */
    public void publishQuietly(int ownerEpoch, int phase) {
        word.set((ownerEpoch << PHASE_BITS) | phase);
    }

    /** Sleeps while the word says {@code phase}, at most {@code timeoutNs}; may return early. */
    void await(int ownerEpoch, int phase, long timeoutNs) throws SyscallException {
        int value = word.get();
        if (phase(ownerEpoch) == phase) {
            word.await(value, timeoutNs);
        }
    }

    int ends() {
        return mapping.getInt(base + ENDS);
    }

    public void setEnds(int count) {
        mapping.setInt(base + ENDS, count);
    }

    /** Rounds that the destination has received: those of a precopy, or the single one of a handover. */
    public int roundsReceived() {
        return mapping.getIntAcquire(base + ROUNDS);
    }

    /** Called by the destination when it has received {@code count} rounds; the source stores 0 before it sends any. */
    public void setRoundsReceived(int count) {
        mapping.setIntRelease(base + ROUNDS, count);
    }

    /** Whether the destination that runs the guest in this epoch has every page. */
    public boolean hasAllPages(int epoch) {
        return mapping.getIntAcquire(base + LAST_PAGE) == epoch;
    }

    /**
     * Called by the destination, which runs the guest in this epoch, when it has every page: the source may give up its
     * own.
     */
    public void setAllPagesReceived(int epoch) {
        mapping.setIntRelease(base + LAST_PAGE, epoch);
    }

    /**
     * How long a destination that needs pages of the source after the switchover waits for the source to connect again
     * if their connection breaks, in nanoseconds. The value is not checked; it is 0 if the destination has written
     * none.
     */
    public long recoverTimeoutNs() {
        return mapping.getLong(base + RECOVER_TIMEOUT_NS);
    }

    /** Called by the destination, before the switchover. */
    public void setRecoverTimeoutNs(long timeoutNs) {
        mapping.setLong(base + RECOVER_TIMEOUT_NS, timeoutNs);
    }

    /** When the source had freed all that it had of the guest; 0 before that. The value is not checked. */
    public long sourceDoneNs() {
        return mapping.getLongAcquire(base + SOURCE_DONE_NS);
    }

    /** Called by the source after the switchover, and with 0 before its migration begins. */
    public void setSourceDoneNs(long ns) {
        mapping.setLongRelease(base + SOURCE_DONE_NS, ns);
    }

    /** Instructions that all vCPUs had executed when the state was saved. */
    public long instructions(int vcpus) {
        long sum = 0;
        for (int i = 0; i < vcpus; i++) {
            sum += vcpuInstructions(i);
        }
        return sum;
    }

    /** When all vCPUs were paused at the source; pages that still have to cross do so after it. */
    public long guestPausedNs() {
        return mapping.getLong(base + GUEST_PAUSED_NS);
    }

    /** When the state was saved here. */
    public long savedNs() {
        return mapping.getLong(base + SAVED_NS);
    }

    /** How long a vCPU executed nothing, for the dry run shortly before the switchover; 0 if none did. */
    public long dryRunNs() {
        return mapping.getLong(base + DRY_RUN_NS);
    }

    void setDryRunNs(long value) {
        mapping.setLong(base + DRY_RUN_NS, value);
    }

    /** When the source had released the lock. */
    public long releasedNs() {
        return mapping.getLong(base + RELEASED_NS);
    }

    void setGuestPausedNs(long value) {
        mapping.setLong(base + GUEST_PAUSED_NS, value);
    }

    void setSavedNs(long value) {
        mapping.setLong(base + SAVED_NS, value);
    }

    void setReleasedNs(long value) {
        mapping.setLong(base + RELEASED_NS, value);
    }

    public long clockNs() {
        return mapping.getLong(base + CLOCK);
    }

    public void setClockNs(long value) {
        mapping.setLong(base + CLOCK, value);
    }

    public long consoleProduced() {
        return mapping.getLong(base + PRODUCED);
    }

    public int consoleFifoFill() {
        return mapping.getInt(base + FIFO_FILL);
    }

    /** Eight bytes of the console's FIFO, {@code at} 0 or 8. */
    public long consoleFifo(int at) {
        return mapping.getLong(base + FIFO + at);
    }

    public void setConsole(long produced, int fifoFill, long fifoLow, long fifoHigh) {
        mapping.setLong(base + PRODUCED, produced);
        mapping.setInt(base + FIFO_FILL, fifoFill);
        mapping.setLong(base + FIFO, fifoLow);
        mapping.setLong(base + FIFO + 8, fifoHigh);
    }

    public long vcpuInstructions(int vcpu) {
        return mapping.getLong(vcpuAt(vcpu));
    }

    /** When vCPU {@code vcpu} executed its last instruction. */
    public long vcpuLastInstructionNs(int vcpu) {
        return mapping.getLong(vcpuAt(vcpu) + 8);
    }

    public long vcpuRandom(int vcpu) {
        return mapping.getLong(vcpuAt(vcpu) + 16);
    }

    public long vcpuCursor(int vcpu) {
        return mapping.getLong(vcpuAt(vcpu) + 24);
    }

    public void setVcpu(int vcpu, long instructions, long lastInstructionNs, long random, long cursor) {
        long at = vcpuAt(vcpu);
        mapping.setLong(at, instructions);
        mapping.setLong(at + 8, lastInstructionNs);
        mapping.setLong(at + 16, random);
        mapping.setLong(at + 24, cursor);
    }

    private long vcpuAt(int vcpu) {
        return base + VCPUS + (long) vcpu * VCPU_BYTES;
    }
}
