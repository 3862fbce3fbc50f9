package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;

/**
 * The exceptional pages of one RAM block in one process: those that cannot simply be moved, by reason. A block gets
 * this value when it is made, and another one when an {@link Adoption} ends; nothing else changes it.
 *
 * <p>No set is ever null; one without pages is {@link PageBitmap#empty}. All of them have as many possible pages as the
 * block. The sets belong to this value: nobody changes them.
 *
 * @param huge pages of private memory that must lie in transparent huge pages
 * @param forked pages of private memory that a forked child has, too
 * @param unaligned pages of private memory that are handed over in two pieces
 * @param shared pages of the memfd that a third process maps
 * @param unmapped pages that must not be registered with a userfaultfd
 * @param pinned pages of an adopted block that stayed private, because a device holds them: what the guest writes there
 *     is not in the memfd
 * @param adoptionPending whether the memfd may lack pages: all before an adoption, any during it or after it has failed
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

    /** Private memory with these pages. */
    public static ExceptionalPages ofPrivate(PageBitmap huge, PageBitmap forked, PageBitmap unaligned) {
        PageBitmap empty = PageBitmap.empty(huge.pages());
        return new ExceptionalPages(huge, forked, unaligned, empty, empty, empty, false);
    }

    /** A memfd with these pages. */
    public static ExceptionalPages ofMemfd(PageBitmap shared, PageBitmap unmapped) {
        PageBitmap empty = PageBitmap.empty(shared.pages());
        return new ExceptionalPages(empty, empty, empty, shared, unmapped, empty, false);
    }

    /** This value after an adoption that has left {@code pinnedPages} private. */
    ExceptionalPages adopted(PageBitmap pinnedPages) {
        return new ExceptionalPages(huge, forked, unaligned, shared, unmapped, pinnedPages, false);
    }

    /** Whether there are pages of a kind that only private memory has. */
    boolean anyPrivate() {
        return !huge.isEmpty() || !forked.isEmpty() || !unaligned.isEmpty();
    }

    /** Whether every page of the block may be registered with a userfaultfd. */
    boolean allRegistered() {
        return pinned.isEmpty() && shared.isEmpty() && unmapped.isEmpty();
    }
}
