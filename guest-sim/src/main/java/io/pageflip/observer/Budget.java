package io.pageflip.observer;

import java.util.concurrent.locks.LockSupport;

/**
 * Spreads the looks of one thread so that they take a given part of a processor, by what they have taken so far. To
 * wake up takes longer than to look: 10 to 100 us of processor time, the longer the processor slept. Used by that
 * thread.
 */
final class Budget {
    private static final int LOOKS = 64;
    private static final long ADJUST_NS = 10_000_000;

    private final double share;
    private final long leastNs;
    private final long mostNs;
    private long parkNs;
    private long looks;
    private long sinceNs;
    private long sinceCpuNs;
    private long owedNs;

    /**
     * A budget of a thread that has not looked yet.
     *
     * @param share of a processor; 0.01 is 1 %
     * @param leastNs the shortest time to wait between two looks
     * @param firstNs the first
     * @param mostNs the longest
     */
    Budget(double share, long leastNs, long firstNs, long mostNs) {
        this.share = share;
        this.leastNs = leastNs;
        this.mostNs = mostNs;
        this.parkNs = firstNs;
    }

    /** Waits for the next look. */
    void pause() {
        looks++;
        LockSupport.parkNanos(this, parkNs);
    }

    /** Whether it is time for {@link #adjust}: after some looks, or some time. */
    boolean isDue() {
        return looks >= LOOKS || looks * parkNs > ADJUST_NS;
    }

    /**
     * Changes the interval to what the looks since the last call have taken. The first call only begins to count.
     *
     * @param nowNs CLOCK_MONOTONIC
     * @param cpuNs processor time of this thread
     */
    void adjust(long nowNs, long cpuNs) {
        adjust(nowNs, cpuNs, looks);
        looks = 0;
    }

    /** As {@link #adjust(long, long)}, after a number of looks. */
    void adjust(long nowNs, long cpuNs, long since) {
        if (sinceNs != 0 && since > 0) {
            long takenNs = cpuNs - sinceCpuNs;
            long periodNs = (nowNs - sinceNs) / since;
            // What was too much is paid back with the next looks.
            owedNs = Math.max(0, owedNs + takenNs - (long) (share * (nowNs - sinceNs)));
            long wantedNs = (long) ((takenNs + owedNs) / (since * share));
            // A thread that waits wakes up late; the next time it will be as late as it was.
            parkNs = Math.max(leastNs, Math.min(mostNs, parkNs + wantedNs - periodNs));
        }
        sinceNs = nowNs;
        sinceCpuNs = cpuNs;
    }

    /** The time that it waits between two looks, in nanoseconds. */
    long parkNs() {
        return parkNs;
    }
}
