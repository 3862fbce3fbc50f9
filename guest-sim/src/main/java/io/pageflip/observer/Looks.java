package io.pageflip.observer;

/**
 * How an observer looked: what it can have seen, and what that cost.
 *
 * @param count how often it looked
 * @param ns how long it watched
 * @param longestIntervalNs the longest time between two looks
 * @param cpuNs processor time that it took in that time, its search included
 */
public record Looks(long count, long ns, long longestIntervalNs, long cpuNs) {
    /** The mean time between two looks, in nanoseconds. */
    public long intervalNs() {
        return count <= 1 ? ns : ns / (count - 1);
    }

    /** The part of one processor that it took, in percent. */
    public double cpuPercent() {
        return ns == 0 ? 0 : Math.round(1e4 * cpuNs / ns) / 1e2;
    }
}
