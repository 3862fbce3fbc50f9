package io.pageflip.cli;

import java.util.List;

/**
 * Estimates how long the rest of a comparison will take. A cell that has run is expected to take its average time. A
 * cell that has not run is expected to take the average time of the cell nearest to it in RAM; if its own RAM is
 * larger, that is multiplied by the square root of the ratio, because much of a run takes the same time for every size.
 * Not thread-safe.
 */
final class Estimate {
    private final List<Long> ramBytes;
    private final int[] left;
    private final int[] ran;
    private final long[] tookNs;

    /**
     * An estimate before the first run.
     *
     * @param ramBytes of each cell
     * @param each runs of every cell, warm-up included
     */
    Estimate(List<Long> ramBytes, int each) {
        this.ramBytes = List.copyOf(ramBytes);
        this.left = ramBytes.stream().mapToInt(cell -> each).toArray();
        this.ran = new int[ramBytes.size()];
        this.tookNs = new long[ramBytes.size()];
    }

    /** A run of a cell has ended. */
    void ran(int cell, long durationNs) {
        left[cell]--;
        ran[cell]++;
        tookNs[cell] += durationNs;
    }

    /** A cell is not run again. */
    void giveUp(int cell) {
        left[cell] = 0;
    }

    /** Runs that have ended. */
    long done() {
        return sum(ran);
    }

    /** Runs that have ended or will. */
    long total() {
        return done() + sum(left);
    }

    /** How long the remaining runs will take, in nanoseconds; negative before the first run has ended. */
    long remainingNs() {
        if (done() == 0) {
            return -1;
        }
        double remaining = 0;
        for (int cell = 0; cell < left.length; cell++) {
            remaining += left[cell] * expectedNs(cell);
        }
        return Math.round(remaining);
    }

    private double expectedNs(int cell) {
        if (ran[cell] > 0) {
            return meanNs(cell);
        }
        int nearest = -1;
        for (int other = 0; other < ran.length; other++) {
            if (ran[other] > 0 && (nearest < 0 || distance(cell, other) < distance(cell, nearest))) {
                nearest = other;
            }
        }
        return meanNs(nearest) * Math.sqrt(Math.max(1, (double) ramBytes.get(cell) / ramBytes.get(nearest)));
    }

    private double distance(int one, int other) {
        return Math.abs(Math.log((double) ramBytes.get(one) / ramBytes.get(other)));
    }

    private double meanNs(int cell) {
        return (double) tookNs[cell] / ran[cell];
    }

    private static long sum(int[] counts) {
        long sum = 0;
        for (int count : counts) {
            sum += count;
        }
        return sum;
    }
}
