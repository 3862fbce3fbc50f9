package io.pageflip.kernel;

/** The outcome for a page, or a part of one, that was offered to a mechanism. */
public enum Outcome {
    /** The frame itself is at its new place. */
    MOVED,
    /**
     * Its bytes were copied into another frame. In a writer's tally: the page stays the writer's, so that it can only
     * be copied.
     */
    COPIED,
    /** The call claimed that it had arrived, but nothing had: a defect of 000. */
    CLAIMED_NOT_MOVED,
    /** The call ended here, with an error or with the bytes that it had done before. */
    FAILED
}
