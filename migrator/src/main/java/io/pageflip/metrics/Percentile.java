package io.pageflip.metrics;

/** The one rule for all percentiles in reports: each is a measured value, never one between two. */
public final class Percentile {
    private static final int ALL = 1000;

    /** The median, in thousandths. */
    public static final int MEDIAN = 500;

    private Percentile() {}

    /**
     * The smallest value that at least {@code perMille} thousandths of the values do not exceed.
     *
     * @param sorted the values, the smallest first
     * @param perMille 500 for the median, 999 for the 99.9th percentile
     * @return 0 if there is no value
     * @throws IllegalArgumentException if {@code perMille} is not from 0 (the smallest value) to 1000 (the largest)
     */
    public static long of(long[] sorted, int perMille) {
        if (perMille < 0 || perMille > ALL) {
            throw new IllegalArgumentException(perMille + " of " + ALL);
        }
        if (sorted.length == 0) {
            return 0;
        }
        int rank = Math.toIntExact(((long) sorted.length * perMille + ALL - 1) / ALL);
        return sorted[Math.max(1, rank) - 1];
    }
}
