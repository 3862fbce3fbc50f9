package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/**
 * Why a page was inserted as a special page table entry, or was not, in the order in which the code tests it (002,
 * {@code vm_insert_pages_mkspecial}). After the first that was not, no more are tried.
 */
public enum InsertReason {
    /** The entry points at the page; neither of the page's counts changes. */
    INSERTED("inserted", null),
    /** {@code CONFIG_ARCH_HAS_PTE_SPECIAL} is not set. */
    NO_SPECIAL_ENTRIES("no-special-entries", Errno.EINVAL),
    /** The range is not all within the mapping; where pages are inserted one by one, this page is not. */
    OUT_OF_RANGE("out-of-range", Errno.EFAULT),
    /** {@code walk_to_pmd}: no memory for the upper levels. */
    NO_PMD("no-pmd", Errno.EFAULT),
    /** {@code pte_alloc}: no memory for the page table page. */
    NO_PAGE_TABLE("no-page-table", Errno.ENOMEM),
    /** An anonymous page that nobody holds beside its mappings and the swap cache: not pinned. */
    NOT_PINNED("not-pinned", Errno.EINVAL),
    /** A file's page that is neither locked (read) nor under writeback (sync). */
    NOT_LOCKED("not-locked", Errno.EINVAL),
    /** Neither anonymous nor on a disk: shared memory. */
    SHARED_MEMORY("shared-memory", Errno.EINVAL),
    /** {@code !pte_none}: something is there. */
    ENTRY_TAKEN("entry-taken", Errno.EBUSY),
    /** After the page that failed: not tried, and counted in {@code *num}. */
    NOT_REACHED("not-reached", null);

    private final String label;
    private final @Nullable Errno errno;

    InsertReason(String label, @Nullable Errno errno) {
        this.label = label;
        this.errno = errno;
    }

    /** The result of the call for this reason: 0, or minus an error number. */
    int result() {
        return errno == null ? 0 : errno.result();
    }

    /** The name in reports. */
    @Override
    public String toString() {
        return label;
    }
}
