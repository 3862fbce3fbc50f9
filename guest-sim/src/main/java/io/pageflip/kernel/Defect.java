package io.pageflip.kernel;

/**
 * Mistakes that the seeds' code makes, or allows. The model records each where it happens; the kernel itself notices
 * nothing.
 */
public enum Defect {
    /**
     * 000: {@code ret} is 0 where no page table entry was got, or one was present: the call reports success, and
     * nothing arrived.
     */
    CLAIMED_NOT_MOVED("000"),
    /**
     * 000: the reader's address is within a page; the page is mapped at that page's start, so all its content is
     * displaced.
     */
    UNALIGNED_READER("000"),
    /**
     * 000: the reader asked for less than a page and got a whole one; the rest of it stays in the pipe, the same frame.
     */
    SHORT_REQUEST("000"),
    /**
     * 000: {@code find_vma} returned a mapping at a higher address: the page is mapped outside of all mappings, and
     * never freed.
     */
    LATER_MAPPING("000"),
    /**
     * 000: an anonymous page is put into the mapping of a file. A copy would have changed the file (shared mapping), or
     * left it alone (private).
     */
    FILE_MAPPING("000"),
    /** 000: memory that the reader may not write gets another content. */
    READ_ONLY_MAPPING("000"),
    /** 000: memory that is locked loses its page, and gets one that is not locked. */
    LOCKED_MAPPING("000"),
    /** 000: a page that KSM merged moves; KSM knows nothing of its new mapping. */
    KSM_PAGE("000"),
    /**
     * 000: {@code page_mapped} is tested before the page lock only: the page was mapped meanwhile, and is in two
     * processes.
     */
    MAPPED_IN_BOTH("000"),
    /** 000: {@code pte_present} is false for a swap entry, which is overwritten; its slot is never freed. */
    SWAP_ENTRY_LOST("000"),
    /**
     * 000: {@code page_add_anon_rmap} does not change the mapping and index of an anonymous page, which are still the
     * writer's.
     */
    STALE_RMAP("000"),
    /** 000: no {@code inc_mm_counter}: the process ends with fewer pages counted than it had. */
    RSS_NOT_COUNTED("000"),
    /**
     * 000 and fixed: {@code page_mapped} is false for a page that was swapped out while the pipe held it. A process
     * that has a swap entry for it, the writer or a forked child, will find the reader's page.
     */
    SWAP_CACHE_SHARED("000"),
    /** 000 and fixed: a second pipe or a device holds the page, too, and sees what the reader writes there. */
    EXTRA_REFERENCE("000"),
    /** 001: the return for a page that is not up to date leaves it locked. */
    PAGE_LEFT_LOCKED("001"),
    /** 001: an abort while the request is unlocked ends it and puts the old page, which the code still uses. */
    ABORTED_WHILE_UNLOCKED("001"),
    /**
     * 001: the old page has left the page cache and the new one could not be added: the copied bytes are lost with the
     * request.
     */
    REPLY_NOT_CACHED("001"),
    /** 002: the address is not the start of a page: every page is mapped where its page begins, before the address. */
    UNALIGNED_ADDRESS("002"),
    /**
     * 002: the count of a compound page is that of all its pages: a compound page that is mapped page by page passes
     * for pinned.
     */
    COMPOUND_PASSES_FOR_PINNED("002"),
    /** 002: the lock is asserted only where the mapping was not mixed before. */
    LOCK_NOT_ASSERTED("002"),
    /** 003: {@code write_begin} fails after the page went into the page cache: it is in the file and in the pipe. */
    PAGE_IN_FILE_AND_PIPE("003");

    private final String seed;

    Defect(String seed) {
        this.seed = seed;
    }

    /** The number of the seed whose code it is, or which describes it. */
    public String seed() {
        return seed;
    }
}
