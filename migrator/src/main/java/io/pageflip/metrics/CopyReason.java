package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Why the bytes of a page were copied instead of the page being moved. Each copied page has exactly one reason. The
 * reasons are the conditions of the patch of 2013 (000, 002 and 004 in docs/origins.md), as far as those have a
 * counterpart here. A page that was neither moved nor copied has a {@link DeclineReason}.
 *
 * <p>Which code sets the reason: {@code send.SendPlan} at the source, for pages that it sends as bytes; the receivers
 * in package {@code receive} and the mappers in package {@code postcopy} at the destination, for what they copy; and
 * {@code ledger.PageLedger#decideGifted}, for pages of which only the frame number tells that they were copied
 * ({@link #KERNEL_DECLINED}).
 *
 * <p>Numbers 6 and 7 belonged to two reasons that are {@link DeclineReason}s now; they are not used again.
 */
public enum CopyReason {
    /**
     * The page is not whole, or its block is not whole pages (000: offset and length; 004: "a multiple of page size").
     */
    NOT_PAGE_SIZED(1, "not-page-sized"),
    /** The page lies in private memory, which no other process can map. */
    PRIVATE_MEMORY(2, "private-memory"),
    /**
     * The page was gifted and its move was asked for, and the kernel copied it all the same (000, 004: "falls back").
     */
    KERNEL_DECLINED(3, "kernel-declined"),
    /** The source did not gift it ({@code --no-gift}; 000: {@code PIPE_BUF_FLAG_GIFT}). */
    NOT_GIFTED(4, "not-gifted"),
    /** The destination did not ask for a move ({@code --no-move}; 000: {@code SPLICE_F_MOVE}). */
    MOVE_NOT_REQUESTED(5, "move-not-requested"),
    /** The mechanism asked for ({@code stream}, {@code pull}) moves nothing, ever. */
    MECHANISM_COPIES(8, "mechanism-copies"),
    /** A device of the guest holds the frame for I/O, so the page stayed private when RAM was adopted. */
    PINNED(9, "pinned"),
    /**
     * The page lies in a memfd, and not in a file on a disk: the kernel cannot take it out of a page cache (001:
     * {@code steal}).
     */
    NOT_STEALABLE(10, "not-stealable"),
    /** A third process maps it ({@code --sharer}; 000: {@code page_mapped}). */
    STILL_MAPPED(11, "still-mapped");

    private final int code;
    private final String label;

    CopyReason(int code, String label) {
        this.code = code;
        this.label = label;
    }

    /** Its number on the wire, 1 or more. */
    public int code() {
        return code;
    }

    /** The reason with that number on the wire. */
    public static CopyReason ofCode(int code) {
        for (CopyReason reason : values()) {
            if (reason.code == code) {
                return reason;
            }
        }
        throw new IllegalArgumentException("no copy reason has number " + code);
    }

    /** As reports write it. */
    @JsonValue
    @Override
    public String toString() {
        return label;
    }
}
