package io.pageflip.ram;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long one vCPU waited for pages that another thread of this process mapped for it: from before the instruction
 * that touched the page to after it. An instruction that touched two such pages is one wait.
 *
 * <p>The thread that serves faults calls {@link #serving} before it wakes the vCPU; the vCPU notices that afterwards,
 * and only then records the wait. Everything is allocated beforehand. The waits may be read from any thread.
 */
public final class FaultLog {
    /** Waits beyond these are counted, and the longest is known, but they have no place in the percentiles. */
    private static final int MOST = 1 << 16;

    /** Of so many waits it is known when they began. */
    private static final int MOST_BEGINNINGS = 1 << 10;

    private final int threadId;
    private final AtomicLong served = new AtomicLong();
    private final long[] waitsNs = new long[MOST];
    private final long[] beginningsNs = new long[MOST_BEGINNINGS];
    private final AtomicInteger recorded = new AtomicInteger();
    private final AtomicLong waits = new AtomicLong();
    private final AtomicLong longestNs = new AtomicLong();
    private long seen; // used by the vCPU only

    public FaultLog(int threadId) {
        this.threadId = threadId;
    }

    /** The kernel's number of the vCPU's thread, as fault events have it. */
    public int threadId() {
        return threadId;
    }

    /** Called for a fault of this vCPU, before it is woken, by the one thread that serves faults. */
    public void serving() {
        served.setOpaque(served.getPlain() + 1);
    }

    /** Called by the vCPU before its first instruction: what was served before does not count. */
    public void begin() {
        seen = served.getOpaque();
    }

    /** Called by the vCPU after each instruction. */
    public void executed(long beforeNs, long afterNs) {
        long now = served.getOpaque();
        if (now != seen) {
            seen = now;
            record(beforeNs, afterNs - beforeNs);
        }
    }

    private void record(long beginningNs, long waitNs) {
        int next = recorded.getPlain();
        if (next < MOST_BEGINNINGS) {
            beginningsNs[next] = beginningNs;
        }
        if (next < MOST) {
            waitsNs[next] = waitNs;
            recorded.setRelease(next + 1);
        }
        if (waitNs > longestNs.getPlain()) {
            longestNs.setOpaque(waitNs);
        }
        waits.setRelease(waits.getPlain() + 1);
    }

    /** Instructions that waited. */
    public long waits() {
        return waits.getAcquire();
    }

    /** The longest wait so far; 0 if there was none. */
    public long longestNs() {
        return longestNs.getOpaque();
    }

    /** The waits so far (at most the first 65,536), in the order in which they happened. */
    public long[] waitsNs() {
        return Arrays.copyOf(waitsNs, recorded.getAcquire());
    }

    /** When the first waits began: those of {@link #waitsNs} with the same indices, at most 1,024. */
    public long[] beginningsNs() {
        return Arrays.copyOf(beginningsNs, Math.min(MOST_BEGINNINGS, recorded.getAcquire()));
    }
}
