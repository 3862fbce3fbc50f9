package io.pageflip.kernel.workload;

/**
 * Page frames in use while a part of the guest is moved.
 *
 * @param before the frames in use before
 * @param peak the most at once
 * @param after the frames in use afterwards, while all processes that had pages before still live
 */
public record FrameUse(long before, long peak, long after) {
    /** The use of no part at all. */
    static final FrameUse NONE = new FrameUse(0, 0, 0);

    /** The use of moving this part first and then {@code next}, whose pages lie there untouched until then. */
    FrameUse then(FrameUse next) {
        return new FrameUse(before + next.before, Math.max(peak + next.before, after + next.peak), after + next.after);
    }
}
