package io.pageflip.kernel.workload;

/**
 * Page frames in use while a part of the guest is moved.
 *
 * @param before it
 * @param peak the most at once
 * @param after it, while everybody who had pages before still lives
 */
public record FrameUse(long before, long peak, long after) {
    /** No part at all. */
    static final FrameUse NONE = new FrameUse(0, 0, 0);

    /** This part first, and then another, which lies there untouched until its turn comes. */
    FrameUse then(FrameUse next) {
        return new FrameUse(before + next.before, Math.max(peak + next.before, after + next.peak), after + next.after);
    }
}
