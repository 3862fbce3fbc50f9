package io.pageflip.ledger;

import io.pageflip.os.Errno;

/** What an answer of {@code UFFDIO_CONTINUE} that mapped nothing means for the first page of its range. */
public enum MoveOutcome {
    /** Its page table entry is taken ({@code EEXIST}). */
    ALREADY_PRESENT,
    /** The file has no page there ({@code EFAULT}): a hole. */
    HOLE,
    /** No mapping is registered there ({@code ENOENT}). */
    NO_MAPPING;

    /**
     * The meaning of a result.
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
