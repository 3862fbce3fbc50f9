package io.pageflip.kernel;

/**
 * Why vmsplice(2) out of a pipe moved a page, or did not: the first condition that did not hold, in the order in which
 * the code tests them. After a refusal the bytes are copied, and if that faults the call fails; the reason stays that
 * of the refusal.
 *
 * <p>Source: 000, {@code __pipe_to_user_move}, unless a constant says "fixed": such a condition is one of
 * {@link VmspliceVariant#FIXED} only.
 */
public enum MoveReason {
    /** Every condition held. */
    MOVED("moved"),
    /** {@code !(buf->flags & PIPE_BUF_FLAG_GIFT)}. */
    NOT_GIFTED("not-gifted"),
    /** {@code !(sd->flags & SPLICE_F_MOVE)}. */
    MOVE_NOT_REQUESTED("move-not-requested"),
    /**
     * A stock kernel ignores the flag, even if the page is gifted and its move is requested (004: "would be ignored and
     * a copy would occur").
     */
    FLAG_IGNORED("flag-ignored"),
    /** {@code buf->offset}: the buffer does not begin at the start of its page. */
    BUFFER_OFFSET("buffer-offset"),
    /** {@code buf->len != PAGE_SIZE}. */
    BUFFER_LENGTH("buffer-length"),
    /** Fixed: {@code sd->len != PAGE_SIZE}, the reader asks for less than is in the buffer. */
    SHORT_REQUEST("short-request"),
    /** Fixed: the piece of memory that the reader named ends within the page. */
    SEGMENT_END("segment-end"),
    /** Fixed: the reader's address is not the start of a page (004: "must be page aligned"). */
    READER_UNALIGNED("reader-unaligned"),
    /** {@code !PageAnon(page)}: a file's page, shared memory, or the zero page. */
    NOT_ANONYMOUS("not-anonymous"),
    /** {@code page_mapped(page)}: the writer still maps it, or a process that shares it, such as a forked child. */
    STILL_MAPPED("still-mapped"),
    /** {@code PageCompound(page)}: a huge page, transparent or of hugetlbfs. */
    COMPOUND("compound"),
    /**
     * {@code PageHuge(page) || PageTransHuge(page)}: never reached, since every huge page is compound and was refused
     * before.
     */
    HUGE("huge"),
    /** Fixed: {@code PageKsm(page)}. */
    KSM("ksm"),
    /** {@code find_vma}: no mapping there; as posted, also none at a higher address. */
    NO_VMA("no-vma"),
    /** Fixed: the destination is not private anonymous memory. */
    VMA_NOT_ANONYMOUS("vma-not-anonymous"),
    /** Fixed: the destination may not be written. */
    VMA_READ_ONLY("vma-read-only"),
    /** Fixed: the destination is locked memory. */
    VMA_LOCKED("vma-locked"),
    /** {@code anon_vma_prepare} fails. */
    NO_ANON_VMA("no-anon-vma"),
    /** {@code lock_page_killable}: a fatal signal. The reader's old page is gone by then. */
    FATAL_SIGNAL("fatal-signal"),
    /** Fixed: {@code page_mapped(page)} again, under the page lock. */
    MAPPED_MEANWHILE("mapped-meanwhile"),
    /** {@code get_locked_pte} finds no memory. As posted, {@code ret} is 0 by then: claimed, not moved. */
    NO_PTE("no-pte"),
    /** {@code pte_present}; fixed: {@code !pte_none}. As posted, {@code ret} is 0 by then: claimed, not moved. */
    PTE_TAKEN("pte-taken");

    private final String label;

    MoveReason(String label) {
        this.label = label;
    }

    /** The name in reports. */
    @Override
    public String toString() {
        return label;
    }
}
