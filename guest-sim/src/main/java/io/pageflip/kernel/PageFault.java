package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;

/** Handles an access that the page table does not allow (mm/memory.c); and the opposite, reclaim. */
final class PageFault {
    private final AddressSpace mm;
    private final Kernel kernel;

    PageFault(AddressSpace mm, Kernel kernel) {
        this.mm = mm;
        this.kernel = kernel;
    }

    /**
     * {@code handle_mm_fault}. It may do only a part of the work, so the caller tries the access again. False if the
     * access is not allowed, or there is no memory.
     */
    boolean handle(long address, boolean write) {
        Vma vma = mm.lookupVma(address);
        if (vma == null || (write && !vma.is(Vma.Flag.WRITE))) {
            return false;
        }
        Entries entries = mm.pageTable().make(address);
        int entry = PageTable.index(address);
        PageFrame page = entries.page(entry);
        if (page != null) {
            return writeProtected(vma, address, page);
        }
        if (entries.isSwap(entry)) {
            return swapIn(vma, address, entries.swapSlot(entry));
        }
        PageCache file = vma.file();
        return file == null ? anonymous(vma, address, write) : ofFile(vma, address, write, file);
    }

    private boolean anonymous(Vma vma, long address, boolean write) {
        if (write) {
            PageFrame page = kernel.allocator().allocZeroed();
            return page != null && mapNew(vma, address, page);
        }
        PageFrame zero = kernel.allocator().zeroPage();
        entries(address).set(PageTable.index(address), zero, Entries.SPECIAL);
        return true;
    }

    /** Maps a page that nobody else has, for writing. */
    private boolean mapNew(Vma vma, long address, PageFrame page) {
        vma.prepareAnonVma(Hazards.NONE);
        page.set(PageFlag.SWAPBACKED);
        page.set(PageFlag.UPTODATE);
        Rmap.addAnon(page, vma, address);
        mm.countAnonPage();
        entries(address).set(PageTable.index(address), page, Entries.WRITE | Entries.DIRTY);
        return true;
    }

    private boolean ofFile(Vma vma, long address, boolean write, PageCache file) {
        PageFrame page = file.read(vma.pageIndex(address));
        if (page == null) {
            return false;
        }
        if (write && !vma.is(Vma.Flag.SHARED)) {
            PageFrame copy = kernel.allocator().alloc();
            if (copy == null) {
                return false;
            }
            copy.copyAll(page);
            return mapNew(vma, address, copy);
        }
        page.get();
        page.addMapping();
        if (write) {
            page.set(PageFlag.DIRTY);
        }
        entries(address).set(PageTable.index(address), page, write ? Entries.WRITE | Entries.DIRTY : 0);
        return true;
    }

    /** {@code do_wp_page}: a page that only this process has becomes writable; any other is copied. */
    private boolean writeProtected(Vma vma, long address, PageFrame page) {
        Entries entries = entries(address);
        int entry = PageTable.index(address);
        boolean special = entries.is(entry, Entries.SPECIAL);
        if (special && page != kernel.allocator().zeroPage()) {
            return false;
        }
        if (!page.isAnon() && !special && vma.is(Vma.Flag.SHARED)) {
            page.set(PageFlag.DIRTY);
            entries.add(entry, Entries.WRITE);
            return true;
        }
        if (page.isAnon() && isExclusive(page)) {
            entries.add(entry, Entries.WRITE);
            return true;
        }
        PageFrame copy = kernel.allocator().alloc();
        if (copy == null) {
            return false;
        }
        copy.copyAll(page);
        entries.clear(entry);
        if (!special) {
            mm.unmapped(page);
        }
        return mapNew(vma, address, copy);
    }

    private boolean isExclusive(PageFrame page) {
        int others = page.is(PageFlag.SWAPCACHE) ? 1 : 0;
        return !page.isKsm()
                && page.mapCount() == 1
                && page.refCount() == 1 + others
                && !kernel.swap().hasEntries(page);
    }

    /** {@code do_swap_page}: maps the page read-only; a write faults again, in {@link #writeProtected}. */
    private boolean swapIn(Vma vma, long address, int slot) {
        SwapArea swap = kernel.swap();
        PageFrame page = swap.read(slot);
        if (page == null) {
            return false;
        }
        page.get();
        vma.prepareAnonVma(Hazards.NONE);
        Rmap.addAnon(page, vma, address);
        mm.countAnonPage();
        entries(address).set(PageTable.index(address), page, 0);
        swap.free(slot);
        return true;
    }

    /** {@code try_to_unmap} in this process, to swap; false if the page cannot be swapped. */
    boolean swapOut(long address) {
        Entries entries = mm.pageTable().find(address);
        int entry = PageTable.index(address);
        PageFrame page = entries == null ? null : entries.page(entry);
        Vma vma = mm.lookupVma(address);
        boolean locked = vma != null && vma.is(Vma.Flag.LOCKED);
        if (entries == null || page == null || locked || !page.isAnon() || page.isCompound() || page.isKsm()) {
            return false;
        }
        int slot = kernel.swap().addToSwap(page);
        kernel.swap().duplicate(slot);
        entries.setSwap(entry, slot);
        mm.unmapped(page);
        kernel.swap().shrink(slot);
        return true;
    }

    /** {@code copy_page_range}: makes the child's entries; write-protects private pages in both processes. */
    void copyPageRange(AddressSpace child) {
        mm.pageTable().forEach((address, entries, entry) -> {
            Vma vma = mm.lookupVma(address);
            if (vma != null) {
                copyEntry(vma, entries, entry, child, address);
            }
        });
    }

    private void copyEntry(Vma vma, Entries entries, int entry, AddressSpace child, long address) {
        PageFrame page = entries.page(entry);
        if (entries.isSwap(entry)) {
            kernel.swap().duplicate(entries.swapSlot(entry));
            child.pageTable().make(address).setSwap(entry, entries.swapSlot(entry));
        } else if (page != null) {
            if (!vma.is(Vma.Flag.SHARED)) {
                entries.remove(entry, Entries.WRITE);
            }
            boolean special = entries.is(entry, Entries.SPECIAL);
            boolean writable = entries.is(entry, Entries.WRITE);
            child.pageTable()
                    .make(address)
                    .set(entry, page, (special ? Entries.SPECIAL : 0) | (writable ? Entries.WRITE : 0));
            if (!special) {
                page.get();
                page.addMapping();
                if (page.isAnon()) {
                    child.countAnonPage();
                }
            }
        }
    }

    private Entries entries(long address) {
        return mm.pageTable().make(address);
    }
}
