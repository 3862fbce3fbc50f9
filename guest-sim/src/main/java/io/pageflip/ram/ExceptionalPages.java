package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;

/**
 * The pages of one RAM block, in one process, that are not like the others: why a page cannot simply be moved. A block
 * is made with this value, and an {@link Adoption} puts another in its place when it ends; nothing else changes it.
 *
 * <p>No set is ever null; one without pages is {@link PageBitmap#empty}. All of them have as many possible pages as the
 * block. The sets belong to this value: nobody changes them.
 *
 * @param huge pages of private memory that are to lie in transparent huge pages
 * @param forked pages of private memory that a forked child has, too
 * @param unaligned pages of private memory that are handed over in two pieces
 * @param shared pages of the memfd that a third process maps
 * @param unmapped pages that no userfaultfd is to know of
 * @param pinned pages of an adopted block that stayed private, because a device holds them: what the guest writes there
 *     is not in the memfd
 * @param adoptionPending whether there may be pages of which the memfd knows nothing: all before an adoption, any
 *     during it or if it has failed
 */
public record ExceptionalPages(
        PageBitmap huge,
        PageBitmap forked,
        PageBitmap unaligned,
        PageBitmap shared,
        PageBitmap unmapped,
        PageBitmap pinned,
        boolean adoptionPending) {
    public ExceptionalPages {
        for (PageBitmap set : new PageBitmap[] {forked, unaligned, shared, unmapped, pinned}) {
            if (set.pages() != huge.pages()) {
                throw new IllegalArgumentException("sets of " + set.pages() + " and " + huge.pages() + " pages");
            }
        }
    }

    /** No page is an exception. */
    public static ExceptionalPages none(BlockSpec spec) {
        PageBitmap empty = PageBitmap.empty(spec.pages());
        return new ExceptionalPages(empty, empty, empty, empty, empty, empty, false);
    }

    /** No page is an exception, and the block is private memory until an {@link Adoption}. */
    public static ExceptionalPages untilAdoption(BlockSpec spec) {
        PageBitmap empty = PageBitmap.empty(spec.pages());
        return new ExceptionalPages(empty, empty, empty, empty, empty, empty, true);
    }

    /** Private memory with such pages. */
    public static ExceptionalPages ofPrivate(PageBitmap huge, PageBitmap forked, PageBitmap unaligned) {
        PageBitmap empty = PageBitmap.empty(huge.pages());
        return new ExceptionalPages(huge, forked, unaligned, empty, empty, empty, false);
    }

    /** A memfd with such pages. */
    public static ExceptionalPages ofMemfd(PageBitmap shared, PageBitmap unmapped) {
        PageBitmap empty = PageBitmap.empty(shared.pages());
        return new ExceptionalPages(empty, empty, empty, shared, unmapped, empty, false);
    }

    /** The same, adopted but for these pages. */
    ExceptionalPages adopted(PageBitmap pinnedPages) {
        return new ExceptionalPages(huge, forked, unaligned, shared, unmapped, pinnedPages, false);
    }

    /** Whether pages are as only private memory can have them. */
    boolean anyPrivate() {
        return !huge.isEmpty() || !forked.isEmpty() || !unaligned.isEmpty();
    }

    /** Whether a userfaultfd knows of every page of the block. */
    boolean allRegistered() {
        return pinned.isEmpty() && shared.isEmpty() && unmapped.isEmpty();
    }
}
