package io.pageflip.kernel;

/** What became of a page, or a part of one, that a mechanism was offered. */
public enum Outcome {
    /** The frame itself is at its new place. */
    MOVED,
    /** Its bytes were copied into another frame; of a writer: it stays the writer's, so that it can only be copied. */
    COPIED,
    /** The call said that it had arrived, and nothing did: a defect of 000. */
    CLAIMED_NOT_MOVED,
    /** The call ended with an error here, or with what it had done before. */
    FAILED
}
