package io.pageflip.kernel;

/** A failure, or an action of another thread, at a point at which a seed's code allows it. */
public enum Hazard {
    /** {@code anon_vma_prepare} finds no memory. */
    ANON_VMA_ALLOCATION,
    /** A page table page is needed and there is no memory for it. */
    PAGE_TABLE_ALLOCATION,
    /** There is no memory for the levels above a page table page (002: {@code walk_to_pmd}). */
    PMD_ALLOCATION,
    /** A fatal signal while the call waits for a page lock that somebody else holds. */
    FATAL_SIGNAL,
    /** Between the zap and the page table lock another thread of the reader writes to that place. */
    READER_FAULTS,
    /** As {@link #READER_FAULTS}, and the new page is swapped out at once. */
    READER_FAULTS_AND_SWAPS,
    /**
     * Between the test of {@code page_mapped} and the page lock somebody maps the page again, out of the swap cache.
     */
    PAGE_MAPPED_AGAIN,
    /** Somebody else fills the place in the page cache between removing the old page and adding the new one (001). */
    PAGE_CACHE_REPOPULATED,
    /** {@code add_to_page_cache_locked} finds no memory. */
    PAGE_CACHE_ALLOCATION,
    /** Code that walks over all frames holds the stolen page for a moment, just when the code reads its count (001). */
    SPECULATIVE_REFERENCE,
    /** The FUSE request is aborted while its lock is dropped, before anything is done (001). */
    ABORT_BEFORE_MOVE,
    /** The FUSE request is aborted after the new page is in the page cache (001). */
    ABORT_AFTER_ADD,
    /** {@code write_begin} fails before it looks at the page. */
    WRITE_BEGIN_FAILS,
    /** {@code write_begin} finds no block on the disk, with the page in the page cache already (003). */
    NO_BLOCK
}
