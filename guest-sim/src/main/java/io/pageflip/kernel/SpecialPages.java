package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;

/**
 * {@code vm_insert_pages_mkspecial}: inserts many pages into a mapping at once, as special entries, which take no
 * reference and no map count (002; mm/memory.c). While the entries exist, the pages must not be freed: call
 * {@link #zap} first, then unlock them, end their writeback, or unpin them.
 */
public final class SpecialPages {
    /** The most pages that are inserted under one lock; they belong to one page table page. */
    public static final int BATCH = 8;

    /** The features of an architecture, which decide how the patch is compiled. */
    public enum Architecture {
        /** {@code CONFIG_ARCH_HAS_PTE_SPECIAL} and {@code pte_index}: in batches. */
        BATCHED,
        /** Without {@code pte_index}: page by page, each with its own test of the range. */
        ONE_BY_ONE,
        /** Without special entries: no page is inserted. */
        NONE
    }

    private final Kernel kernel;
    private final Architecture architecture;
    private final Tally<InsertReason> tally;

    /** The tally gets one decision for each page that a call is given. */
    public SpecialPages(Kernel kernel, Architecture architecture, Tally<InsertReason> tally) {
        this.kernel = kernel;
        this.architecture = architecture;
        this.tally = tally;
    }

    /**
     * Inserts {@code pages[first]} to {@code pages[first + count - 1]} from {@code address} on. The caller holds the
     * mmap lock for writing. The address should be the start of a page, which the posted code does not test.
     *
     * @throws KernelBugException if the mapping is not mixed yet and the lock is not held for writing, or if it holds
     *     frame numbers without pages
     */
    public InsertResult insert(Vma vma, long address, PageFrame[] pages, int first, int count) {
        return switch (architecture) {
            case BATCHED -> insertBatched(vma, address, pages, first, count);
            case ONE_BY_ONE -> insertOneByOne(vma, address, pages, first, count);
            case NONE -> account(InsertReason.NO_SPECIAL_ENTRIES, 0, count);
        };
    }

    private InsertResult insertBatched(Vma vma, long address, PageFrame[] pages, int first, int count) {
        long last = address + (long) count * PageFrame.SIZE - 1;
        if (address < vma.start() || last >= vma.end()) {
            return account(InsertReason.OUT_OF_RANGE, 0, count);
        }
        makeMixed(vma);
        Batches batches = new Batches(vma, address, pages, first, count);
        InsertReason stop = batches.insert();
        return account(stop, batches.done, count);
    }

    private InsertResult insertOneByOne(Vma vma, long address, PageFrame[] pages, int first, int count) {
        if (count == 0) {
            return new InsertResult(Errno.EINVAL.result(), 0); // the initial value of err
        }
        InsertReason stop = InsertReason.INSERTED;
        int done = 0;
        while (done < count && stop == InsertReason.INSERTED) {
            stop = insertOne(vma, address + (long) done * PageFrame.SIZE, pages[first + done]);
            done += stop == InsertReason.INSERTED ? 1 : 0;
        }
        return account(stop, done, count);
    }

    private InsertResult account(InsertReason stop, int done, int count) {
        for (int i = 0; i < count; i++) {
            InsertReason reason = i < done ? InsertReason.INSERTED : i == done ? stop : InsertReason.NOT_REACHED;
            tally.add(i < done ? Outcome.MOVED : Outcome.FAILED, reason, PageFrame.SIZE);
        }
        return new InsertResult(stop.result(), count - done);
    }

    /** {@code zap_page_range} of inserted pages: puts no reference, as none was taken. */
    public void zap(Vma vma, long address, int count) {
        vma.mm().zapPageRange(vma, address, (long) count * PageFrame.SIZE);
    }

    private void makeMixed(Vma vma) {
        if (vma.is(Vma.Flag.MIXEDMAP)) {
            if (!vma.mm().isMmapWriteLocked()) {
                kernel.log().record(Defect.LOCK_NOT_ASSERTED);
            }
            return;
        }
        if (vma.mm().mmapReadTryLock()) {
            throw new KernelBugException("BUG_ON(mmap_read_trylock(vma->vm_mm))");
        }
        if (vma.is(Vma.Flag.PFNMAP)) {
            throw new KernelBugException("BUG_ON(vma->vm_flags & VM_PFNMAP)");
        }
        vma.set(Vma.Flag.MIXEDMAP);
    }

    /** {@code vm_insert_page_mkspecial}. */
    private InsertReason insertOne(Vma vma, long address, PageFrame page) {
        if (address < vma.start() || address >= vma.end()) {
            return InsertReason.OUT_OF_RANGE;
        }
        makeMixed(vma);
        PageTable table = vma.mm().pageTable();
        Entries entries = table.lock(address, kernel.hazards());
        if (entries == null) {
            return InsertReason.NO_PAGE_TABLE;
        }
        InsertReason reason = insertLocked(vma, entries, address, page);
        table.unlock(entries);
        return reason;
    }

    /** {@code insert_page_into_pte_locked_mkspecial}. */
    private InsertReason insertLocked(Vma vma, Entries entries, long address, PageFrame page) {
        if (page.isAnon()) {
            int extra = page.is(PageFlag.SWAPCACHE) ? (page.is(PageFlag.PRIVATE) ? 2 : 1) : 0;
            if (page.refCount() - extra <= page.mapCount()) {
                return InsertReason.NOT_PINNED;
            }
        } else if (!page.is(PageFlag.SWAPBACKED)) {
            if (!page.is(PageFlag.LOCKED) && !page.is(PageFlag.WRITEBACK)) {
                return InsertReason.NOT_LOCKED;
            }
        } else {
            return InsertReason.SHARED_MEMORY;
        }
        int entry = PageTable.index(address);
        if (!entries.isNone(entry)) {
            return InsertReason.ENTRY_TAKEN;
        }
        boolean writable = vma.is(Vma.Flag.SHARED) && vma.is(Vma.Flag.WRITE);
        entries.set(entry, page, Entries.SPECIAL | (writable ? Entries.WRITE : 0));
        recordDefects(page, address);
        return InsertReason.INSERTED;
    }

    private void recordDefects(PageFrame page, long address) {
        if (address % PageFrame.SIZE != 0) {
            kernel.log().record(Defect.UNALIGNED_ADDRESS);
        }
        if (page.isAnon() && page.isCompound() && page.refCount() <= page.totalMapCount()) {
            kernel.log().record(Defect.COMPOUND_PASSES_FOR_PINNED);
        }
    }

    /** {@code insert_pages_mkspecial}: page table page by page, batch by batch. */
    private final class Batches {
        private final Vma vma;
        private final PageTable table;
        private final PageFrame[] pages;
        private final int first;
        private final int count;
        private long address;
        private int done;

        Batches(Vma vma, long address, PageFrame[] pages, int first, int count) {
            this.vma = vma;
            this.table = vma.mm().pageTable();
            this.address = address;
            this.pages = pages;
            this.first = first;
            this.count = count;
        }

        InsertReason insert() {
            do {
                if (kernel.hazards().strikes(Hazard.PMD_ALLOCATION)) {
                    return InsertReason.NO_PMD;
                }
                int inTable = Math.min(count - done, PageTable.ENTRIES - PageTable.index(address));
                if (table.find(address) == null && kernel.hazards().strikes(Hazard.PAGE_TABLE_ALLOCATION)) {
                    return InsertReason.NO_PAGE_TABLE;
                }
                Entries entries = table.make(address);
                for (int end = done + inTable; done < end; ) {
                    InsertReason stop = insertBatch(entries, Math.min(end - done, BATCH));
                    if (stop != InsertReason.INSERTED) {
                        return stop;
                    }
                }
            } while (done < count);
            return InsertReason.INSERTED;
        }

        private InsertReason insertBatch(Entries entries, int size) {
            table.lock(entries);
            InsertReason reason = InsertReason.INSERTED;
            for (int i = 0; i < size && reason == InsertReason.INSERTED; i++) {
                reason = insertLocked(vma, entries, address, pages[first + done]);
                if (reason == InsertReason.INSERTED) {
                    address += PageFrame.SIZE;
                    done++;
                }
            }
            table.unlock(entries);
            return reason;
        }
    }
}
