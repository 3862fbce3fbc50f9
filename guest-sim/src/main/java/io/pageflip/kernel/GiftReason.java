package io.pageflip.kernel;

/**
 * Why a page leaves its writer's address space with vmsplice(2) into a pipe, or stays, or does not get into the pipe.
 */
public enum GiftReason {
    /**
     * Moved: it is in the pipe, and the writer's next touch finds a new zero page (004: "can not access original
     * contents").
     */
    UNMAPPED("unmapped"),
    /** Stays: this kernel unmaps nothing (004: "for older kernels the SPLICE_F_MOVE would be ignored"). */
    FLAG_IGNORED("flag-ignored"),
    /** Stays: the call does not have both SPLICE_F_GIFT and SPLICE_F_MOVE (004: "new flag usage"). */
    NOT_ASKED("not-asked"),
    /** Stays: the piece of memory begins within a page, and so do all after it in the same call (fixed). */
    UNALIGNED("unaligned"),
    /** Stays: only a part of a page, at the end of a piece of memory (004: "a multiple of page size"; fixed). */
    PART_OF_PAGE("part-of-page"),
    /** Stays: not private anonymous memory (fixed). */
    VMA_NOT_ANONYMOUS("vma-not-anonymous"),
    /** Stays: locked memory must not lose pages (fixed). */
    VMA_LOCKED("vma-locked"),
    /** Failed, EINVAL: a gift must be whole aligned pages, on a kernel of 2013 (vmsplice(2)). */
    GIFT_NOT_ALIGNED("gift-not-aligned"),
    /** Failed, EFAULT: nothing can be read there. */
    NOT_MAPPED("not-mapped");

    private final String label;

    GiftReason(String label) {
        this.label = label;
    }

    /** The name in reports. */
    @Override
    public String toString() {
        return label;
    }
}
