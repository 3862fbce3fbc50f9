package io.pageflip.observer;

import org.jspecify.annotations.Nullable;

/**
 * Finds the gaps in a guest's heartbeat, out of one look after the other. While a guest migrates, its pages may be in
 * two places. The guest runs where the count grows beyond all that was ever seen: a copy that arrives is no heartbeat.
 * Used by one thread.
 *
 * <p>A look takes time, more so if the observer loses its processor in it. What was read is from some moment between
 * the times before and after it.
 */
final class GapFinder {
    private long beats = -1;
    private boolean runs;
    private long lookBeforeNs;
    /** Before the look that came before the last one with a new heartbeat. */
    private long beforeNewNs;
    /** After the last look with a new heartbeat. */
    private long newNs;
    /** Whether the last look saw nothing new. */
    private boolean silent;

    /**
     * Adds a look.
     *
     * @param beforeNs CLOCK_MONOTONIC before it, not before the previous look
     * @param afterNs the same after it
     * @param seen the largest count of heartbeats that any place of the guest's memory shows
     * @return the gap that this look has ended; null if it has ended none
     */
    @Nullable
    Gap look(long beforeNs, long afterNs, long seen) {
        Gap ended = null;
        if (seen > beats) {
            if (runs && silent) {
                ended = gap(afterNs);
            }
            runs = beats >= 0; // a guest that was not seen to run before has no gap
            beforeNewNs = beats < 0 ? beforeNs : lookBeforeNs;
            newNs = afterNs;
            beats = seen;
            silent = false;
        } else {
            silent = true;
        }
        lookBeforeNs = beforeNs;
        return ended;
    }

    /** The gap that has not ended, as long as it is now; null if the last look saw a new heartbeat. */
    @Nullable
    Gap unended() {
        return runs && silent ? gap(lookBeforeNs) : null;
    }

    private Gap gap(long endNs) {
        return new Gap(newNs, endNs - newNs, Math.max(0, lookBeforeNs - newNs), endNs - beforeNewNs);
    }

    /** After the last look that saw a new heartbeat; 0 if none has. */
    long newNs() {
        return runs ? newNs : 0;
    }

    /** The largest count that was seen; -1 before the first look. */
    long beats() {
        return beats;
    }
}
