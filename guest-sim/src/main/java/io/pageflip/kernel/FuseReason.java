package io.pageflip.kernel;

/**
 * Why a page of a FUSE reply was moved into the page cache, or was not: in the order in which the code tests it (001,
 * {@code fuse_copy_page} and {@code fuse_try_move_page}).
 */
public enum FuseReason {
    /** Moved: every condition held. */
    MOVED("moved"),
    /** Copied: {@code cs->len}, the current buffer is not used up, for example by the header. */
    BUFFER_LEFT_OVER("buffer-left-over"),
    /** Copied: {@code cs->move_pages}, the server did not splice with SPLICE_F_MOVE. */
    MOVE_NOT_REQUESTED("move-not-requested"),
    /** Copied: {@code out.page_replace}, the request's pages may not be replaced, as with direct I/O. */
    PAGES_NOT_REPLACEABLE("pages-not-replaceable"),
    /** Copied: {@code offset == 0 && count == PAGE_SIZE}, the reply does not fill the page. */
    NOT_WHOLE_PAGE("not-whole-page"),
    /** Copied: {@code cs->len != PAGE_SIZE}, the buffer is not a whole page. */
    BUFFER_LENGTH("buffer-length"),
    /** Copied: {@code steal}, the page cannot be taken from where it is: somebody else holds it. */
    NOT_STOLEN("not-stolen"),
    /**
     * Copied: {@code fuse_check_page}, the stolen page is mapped. This never happens unless its count is wrong, since
     * nobody else holds it.
     */
    WEIRD_MAPPED("weird-mapped"),
    /** Copied: {@code fuse_check_page}, the stolen page has a mapping, as every anonymous page has. */
    WEIRD_MAPPING("weird-mapping"),
    /** Copied: {@code fuse_check_page}, the stolen page's count is not 1. */
    WEIRD_COUNT("weird-count"),
    /** Copied: {@code fuse_check_page}, the stolen page has a flag other than the six that a clean page may have. */
    WEIRD_FLAGS("weird-flags"),
    /** Copied, with a warning: the old page is mapped. */
    OLD_PAGE_MAPPED("old-page-mapped"),
    /** Copied, with a warning: the file system has something attached to the old page. */
    OLD_PAGE_PRIVATE("old-page-private"),
    /** Copied, with a warning: the old page is dirty. */
    OLD_PAGE_DIRTY("old-page-dirty"),
    /** Copied, with the same warning: the old page is being written back. */
    OLD_PAGE_WRITEBACK("old-page-writeback"),
    /** Copied, with a warning: the old page is locked in memory. */
    OLD_PAGE_MLOCKED("old-page-mlocked"),
    /** Copied, into a page that has left the page cache: somebody else filled the place in between. */
    REPOPULATED("repopulated"),
    /** As {@link #REPOPULATED}, but because there was no memory to add the new page. */
    ADD_WITHOUT_MEMORY("add-without-memory"),
    /** Failed: {@code confirm}, the buffer has no data (EIO, ENODATA). */
    NOT_CONFIRMED("not-confirmed"),
    /** Failed, EIO, with a warning: the stolen page is not up to date. */
    NOT_UPTODATE("not-uptodate"),
    /** Failed, ENOENT: the request was aborted. */
    ABORTED("aborted");

    private final String label;

    FuseReason(String label) {
        this.label = label;
    }

    /** The name in reports. */
    @Override
    public String toString() {
        return label;
    }
}
