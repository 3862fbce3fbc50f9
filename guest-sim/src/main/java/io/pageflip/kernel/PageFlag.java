package io.pageflip.kernel;

/** The flags of a page frame: the PG_ flags of include/linux/page-flags.h that matter to the seeds. */
public enum PageFlag {
    LOCKED,
    ERROR,
    REFERENCED,
    UPTODATE,
    DIRTY,
    LRU,
    ACTIVE,
    SLAB,
    RESERVED,
    /** The file system has something of its own attached to the page: {@code page_has_private}. */
    PRIVATE,
    WRITEBACK,
    /** First page of a compound page. */
    HEAD,
    /** Any other page of a compound page. */
    TAIL,
    SWAPCACHE,
    MAPPEDTODISK,
    RECLAIM,
    /** Goes to swap and not to a file: anonymous and shared memory. {@code page_is_file_lru} is its opposite. */
    SWAPBACKED,
    UNEVICTABLE,
    MLOCKED,
    HWPOISON
}
