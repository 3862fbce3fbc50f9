package io.pageflip.kernel;

/** The warnings that the modelled kernel prints. */
public enum Warning {
    /** "fuse: trying to steal weird page" (001: {@code fuse_check_page}). */
    FUSE_WEIRD_PAGE,
    /** {@code WARN_ON(!PageUptodate(newpage))} (001). */
    FUSE_NEW_PAGE_NOT_UPTODATE,
    /** {@code WARN_ON(page_mapped(oldpage))} (001). */
    FUSE_OLD_PAGE_MAPPED,
    /** {@code WARN_ON(page_has_private(oldpage))} (001). */
    FUSE_OLD_PAGE_PRIVATE,
    /** {@code WARN_ON(PageDirty(oldpage) || PageWriteback(oldpage))} (001). */
    FUSE_OLD_PAGE_DIRTY,
    /** {@code WARN_ON(PageMlocked(oldpage))} (001). */
    FUSE_OLD_PAGE_MLOCKED,
    /** "fuse_try_move_page: failed to add page" (001). */
    FUSE_ADD_FAILED,
    /** {@code WARN_ON(!PageUptodate(page))} of a page to be stolen from a file (fs/splice.c). */
    STOLEN_PAGE_NOT_UPTODATE,
    /** "Bad page state": a page was freed locked, or with a file still in it (mm/page_alloc.c). */
    BAD_PAGE_STATE,
    /**
     * "Bad rss-counter state": a process ended with pages counted that it did not have, or the reverse (kernel/fork.c).
     */
    BAD_RSS_COUNTER
}
