package io.pageflip.guest;

/**
 * Slows a vCPU down, so that a migration that the guest outruns can end: in every period of the clock the vCPU rests
 * for a given percentage of it, and executes in the remaining time. A rest is a part of a millisecond, and the vCPU
 * checks for a stop request all the while.
 */
final class Throttle {
    /** As in QEMU's auto-converge: a vCPU that never executed would never make progress. */
    static final int MAX_PERCENT = 99;

    static final long PERIOD_NS = 1_000_000;

    private volatile int percent;

    /** Sets the part of the time in which the vCPU rests, from 0 to {@link #MAX_PERCENT}; any thread. */
    void set(int restPercent) {
        if (restPercent < 0 || restPercent > MAX_PERCENT) {
            throw new IllegalArgumentException("no throttle: " + restPercent + " percent");
        }
        percent = restPercent;
    }

    /** Whether the vCPU rests at that time. */
    boolean rests(long nowNs) {
        int now = percent;
        return now != 0 && Math.floorMod(nowNs, PERIOD_NS) * 100 < now * PERIOD_NS;
    }
}
