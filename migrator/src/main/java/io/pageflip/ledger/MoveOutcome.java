package io.pageflip.ledger;

import io.pageflip.os.Errno;

/** Why {@code UFFDIO_CONTINUE} mapped nothing: the meaning of its error for the first page of the range. */
public enum MoveOutcome {
    /** The page has a page table entry already ({@code EEXIST}). */
    ALREADY_PRESENT,
    /** The file has no page there ({@code EFAULT}): a hole. */
    HOLE,
    /** No mapping is registered there ({@code ENOENT}). */
    NO_MAPPING;

    /**
     * Returns the meaning of a result.
     *
     * @param result a negative error number, as {@link io.pageflip.os.Userfaultfd#continueRange} returns it
     */
    public static MoveOutcome of(long result) {
        return switch ((int) -result) {
            case Errno.EEXIST -> ALREADY_PRESENT;
            case Errno.EFAULT -> HOLE;
            case Errno.ENOENT -> NO_MAPPING;
            default -> throw new IllegalArgumentException("no outcome of a move: " + result);
        };
    }
}
