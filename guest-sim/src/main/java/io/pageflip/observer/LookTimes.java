package io.pageflip.observer;

import java.util.ArrayList;
import java.util.List;

/** When somebody looked, one look after the other. Used by one thread at a time. */
final class LookTimes {
    /** When a look began and ended. */
    private record Look(long beforeNs, long afterNs) {}

    private final List<Look> looks = new ArrayList<>();

    /** Adds the next look; times are CLOCK_MONOTONIC. */
    void add(long beforeNs, long afterNs) {
        looks.add(new Look(beforeNs, afterNs));
    }

    void clear() {
        looks.clear();
    }

    /** Whether somebody looked at the beginning of a time or before it, and at its end or after it. */
    boolean cover(long fromNs, long untilNs) {
        return !looks.isEmpty()
                && looks.get(0).beforeNs <= fromNs
                && looks.get(looks.size() - 1).afterNs >= untilNs;
    }

    /** No silence that began or ended in a time that the looks cover was longer than this without being seen. */
    long longestUnseenNs(long fromNs, long untilNs) {
        long longest = 0;
        for (int i = 2; i < looks.size(); i++) {
            long startNs = looks.get(i - 2).beforeNs;
            long endNs = looks.get(i).afterNs;
            if (endNs >= fromNs && startNs <= untilNs) {
                longest = Math.max(longest, endNs - startNs);
            }
        }
        return longest;
    }
}
