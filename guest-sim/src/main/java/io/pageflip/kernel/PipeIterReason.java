package io.pageflip.kernel;

/**
 * Why a write from a pipe into a file took the pipe's page as it is, or copied (003, in the order in which it describes
 * the path). One decision for each page of the file that is written, or part of one.
 */
public enum PipeIterReason {
    /** Moved: stolen, offered, and accepted by {@code write_begin}. */
    ACCEPTED("accepted"),
    /** Moved: the pipe's page already is the file's page, and the code recognised the copy onto itself. */
    SAME_PAGE("same-page"),
    /** Copied: "full-page range", the write does not fill a page of the file. */
    NOT_FULL_PAGE("not-full-page"),
    /** Copied: the range is not one whole page in the pipe. */
    BUFFER_NOT_WHOLE("buffer-not-whole"),
    /** Copied: "could be successfully stolen", somebody else holds the page. */
    NOT_STOLEN("not-stolen"),
    /** Copied: {@code write_begin} of this file system was not changed for 003, and ignores the page. */
    NOT_TAUGHT("not-taught"),
    /**
     * Copied: the page has a mapping or belongs to a huge page, as gifted memory does. 003 does not mention this case;
     * this model refuses.
     */
    NOT_FOR_PAGE_CACHE("not-for-page-cache"),
    /** Copied: "if it fails": there is a page at that place of the file. */
    PLACE_TAKEN("place-taken"),
    /** Copied: "if it fails": no memory to add it. */
    ADD_WITHOUT_MEMORY("add-without-memory"),
    /** Failed: the buffer cannot be confirmed (EIO, ENODATA). */
    NOT_CONFIRMED("not-confirmed"),
    /** Failed, ENOSPC: {@code write_begin} failed before it looked at the page. */
    NOT_BEGUN("not-begun"),
    /** Failed, ENOSPC: no block on the disk, once the page was in the page cache. */
    NO_BLOCK("no-block"),
    /** Failed, ENOMEM: no page to copy into. */
    NO_PAGE("no-page");

    private final String label;

    PipeIterReason(String label) {
        this.label = label;
    }

    /** The name in reports. */
    @Override
    public String toString() {
        return label;
    }
}
