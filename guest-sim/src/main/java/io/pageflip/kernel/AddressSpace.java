package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one process: {@code struct mm_struct}. (What the kernel calls {@code struct address_space} is
 * {@link PageCache} here.) Addresses are in bytes; those of a mapping are multiples of a page.
 */
public final class AddressSpace {
    private final Kernel kernel;
    private final TreeMap<Long, Vma> vmas = new TreeMap<>(); // by their ends, as find_vma needs them
    private @Nullable Vma lastFound; // mm->mmap_cache
    private final PageTable pageTable = new PageTable();
    private final PageFault pageFault;
    private long anonPages;
    private int readers;
    private boolean writer;

    AddressSpace(Kernel kernel) {
        this.kernel = kernel;
        pageFault = new PageFault(this, kernel);
    }

    PageTable pageTable() {
        return pageTable;
    }

    // Mappings.

    /** Maps private anonymous memory from {@code start} to {@code end}, exclusive. */
    public Vma mmap(long start, long end, Set<Vma.Flag> flags) {
        return add(new Vma(this, start, end, flags, null, 0));
    }

    /** Maps a file, from its page {@code pageOffset} on. */
    public Vma mmapFile(long start, long end, Set<Vma.Flag> flags, PageCache file, long pageOffset) {
        return add(new Vma(this, start, end, flags, file, pageOffset));
    }

    private Vma add(Vma vma) {
        Vma next = findVma(vma.start());
        if (vma.start() % PageFrame.SIZE != 0
                || vma.end() % PageFrame.SIZE != 0
                || vma.start() >= vma.end()
                || (next != null && next.start() < vma.end())) {
            throw new IllegalArgumentException("cannot map from " + vma.start() + " to " + vma.end());
        }
        vmas.put(vma.end(), vma);
        lastFound = null;
        return vma;
    }

    /**
     * Maps private anonymous memory with huge pages in it, by single entries as after {@code split_huge_pmd}.
     *
     * @param hugePages pages of a huge page; the mapping holds a whole number of them
     */
    public Vma mmapHuge(long start, long end, int hugePages, boolean hugetlb) {
        Vma vma = mmap(start, end, Set.of(Vma.Flag.WRITE));
        vma.prepareAnonVma(Hazards.NONE);
        for (long at = start; at < end; at += (long) hugePages * PageFrame.SIZE) {
            PageFrame head = kernel.allocator().allocCompound(hugePages, hugetlb);
            if (head == null) {
                throw new IllegalStateException("the machine has no frames left");
            }
            long address = at;
            for (PageFrame page : head.pages()) {
                head.get();
                page.set(PageFlag.SWAPBACKED);
                page.set(PageFlag.UPTODATE);
                Rmap.addAnon(page, vma, address);
                anonPages++;
                pageTable.make(address).set(PageTable.index(address), page, Entries.WRITE | Entries.DIRTY);
                address += PageFrame.SIZE;
            }
            head.put();
        }
        return vma;
    }

    /** {@code madvise(MADV_DONTNEED)}: the mapping stays, its pages go; anonymous ones read as zeros then. */
    public void dontNeed(Vma vma) {
        zapPageRange(vma, vma.start(), vma.end() - vma.start());
    }

    /** Unmaps a whole mapping. */
    public void munmap(Vma vma) {
        dontNeed(vma);
        vmas.remove(vma.end());
        lastFound = null;
    }

    /** {@code find_vma}: the first mapping that ends after {@code address}, which may begin after it, too. */
    @Nullable
    Vma findVma(long address) {
        if (lastFound == null || address < lastFound.start() || address >= lastFound.end()) {
            Map.Entry<Long, Vma> entry = vmas.higherEntry(address);
            lastFound = entry == null ? null : entry.getValue();
        }
        return lastFound;
    }

    /** {@code vma_lookup}: the mapping that holds {@code address}. */
    @Nullable
    Vma lookupVma(long address) {
        Vma vma = findVma(address);
        return vma == null || vma.start() > address ? null : vma;
    }

    /** A child with the same memory: {@code fork(2)}. Private pages are shared until one of the two writes. */
    public AddressSpace fork() {
        AddressSpace child = new AddressSpace(kernel);
        for (Vma vma : vmas.values()) {
            Vma copy = new Vma(child, vma.start(), vma.end(), vma.flags(), vma.file(), vma.pageIndex(vma.start()));
            AnonVma anonVma = vma.anonVma();
            if (anonVma != null) {
                copy.setAnonVma(anonVma.fork());
            }
            child.vmas.put(copy.end(), copy);
        }
        pageFault.copyPageRange(child);
        return child;
    }

    /**
     * Ends the process: unmaps every mapping. A page that is mapped outside of all mappings is never freed, as in the
     * kernel.
     */
    public void exit() {
        vmas.values().forEach(this::dontNeed);
        vmas.clear();
        lastFound = null;
        pageTable.clear();
        if (anonPages != 0) {
            kernel.log().warn(Warning.BAD_RSS_COUNTER);
        }
        anonPages = 0;
    }

    // Accesses of the process itself.

    /** Stores one grain; false if the process may not (SIGSEGV), or the machine has no frame left. */
    public boolean write(long address, long value) {
        PageFrame page = access(address, true);
        if (page != null) {
            page.setGrain(grainOf(address), value);
        }
        return page != null;
    }

    /** Writes a whole page: grain {@code i} becomes {@code stamp + i}. False as in {@link #write}. */
    public boolean writePage(long address, long stamp) {
        PageFrame page = access(address, true);
        if (page != null) {
            page.fill(stamp);
        }
        return page != null;
    }

    /**
     * Loads one grain.
     *
     * @throws IllegalStateException if the process may not read there, or the machine has no frame left
     */
    public long read(long address) {
        PageFrame page = access(address, false);
        if (page == null) {
            throw new IllegalStateException("nothing can be read at " + address);
        }
        return page.grain(grainOf(address));
    }

    /** The frame that is mapped at an address, the zero page included; null if none is. Touches nothing. */
    public @Nullable PageFrame mappedPage(long address) {
        Entries entries = pageTable.find(address);
        return entries == null ? null : entries.page(PageTable.index(address));
    }

    /** The page at an address, mapped so that the access is possible; null if it is not. */
    @Nullable
    PageFrame access(long address, boolean write) {
        int entry = PageTable.index(address);
        while (true) {
            Entries entries = pageTable.find(address);
            PageFrame page = entries == null ? null : entries.page(entry);
            if (entries != null && page != null && (!write || entries.is(entry, Entries.WRITE))) {
                if (write) {
                    entries.add(entry, Entries.DIRTY);
                }
                return page;
            }
            if (!pageFault.handle(address, write)) {
                return null;
            }
        }
    }

    /** {@code get_user_pages} for reading: a reference to the page there; null for {@code -EFAULT}. */
    @Nullable
    PageFrame getUserPage(long address) {
        Vma vma = lookupVma(address);
        if (vma == null || vma.is(Vma.Flag.PFNMAP)) {
            return null;
        }
        PageFrame page = access(address, false);
        if (page == null || (isSpecial(address) && page != kernel.allocator().zeroPage())) {
            return null;
        }
        page.get();
        return page;
    }

    private boolean isSpecial(long address) {
        Entries entries = pageTable.find(address);
        return entries != null && entries.is(PageTable.index(address), Entries.SPECIAL);
    }

    /** {@code copy_to_user}: bytes that were copied, less than {@code length} if it faulted. */
    int copyToUser(long address, PageFrame from, int offset, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((address + done) % PageFrame.SIZE);
            int chunk = Math.min(length - done, PageFrame.SIZE - inPage);
            PageFrame page = access(address + done, true);
            if (page == null) {
                return done;
            }
            page.copy(from, offset + done, inPage, chunk);
            done += chunk;
        }
        return done;
    }

    // Operations of the kernel on the page table.

    /**
     * {@code zap_page_range}, clipped to the mapping. As in the kernel, the loop compares the address with the end by
     * equality: if start and end do not differ by whole pages, they never become equal.
     */
    void zapPageRange(Vma vma, long address, long size) {
        long start = Math.max(vma.start(), address);
        long end = Math.min(vma.end(), address + size);
        while (start < end) {
            long next = Math.min(end, (start / PageTable.SPAN + 1) * PageTable.SPAN);
            Entries entries = pageTable.find(start);
            if (entries != null) {
                zapEntries(entries, start, next);
            }
            start = next;
        }
    }

    private void zapEntries(Entries entries, long start, long end) {
        int entry = PageTable.index(start);
        long address = start;
        do {
            if (entry == PageTable.ENTRIES) {
                throw new KernelBugException("zap_pte_range runs off its page table page");
            }
            zapEntry(entries, entry);
            entry++;
            address += PageFrame.SIZE;
        } while (address != end);
    }

    private void zapEntry(Entries entries, int entry) {
        PageFrame page = entries.page(entry);
        if (page != null) {
            if (!entries.is(entry, Entries.SPECIAL)) {
                entries.clear(entry);
                unmapped(page);
            }
        } else if (entries.isSwap(entry)) {
            kernel.swap().free(entries.swapSlot(entry));
        }
        entries.clear(entry);
    }

    /**
     * Accounts for an ordinary entry of this page table that no longer maps the page: updates the counts, and puts the
     * entry's reference.
     */
    void unmapped(PageFrame page) {
        if (page.isAnon()) {
            anonPages--;
        }
        page.removeMapping();
        page.put();
    }

    void countAnonPage() {
        anonPages++;
    }

    /** The process's own count of its pages of anonymous memory: {@code MM_ANONPAGES}. */
    long anonPages() {
        return anonPages;
    }

    /**
     * Reclaim takes the page at an address away from this process and writes it to swap; false if it cannot be swapped.
     */
    public boolean swapOut(long address) {
        return pageFault.swapOut(address);
    }

    // mmap_lock, called mmap_sem before 2020.

    void mmapReadLock() {
        if (writer) {
            throw new KernelBugException("the mmap lock is held for writing");
        }
        readers++;
    }

    void mmapReadUnlock() {
        readers--;
    }

    /** Takes the lock that a change of a mapping needs. */
    public void mmapWriteLock() {
        if (writer || readers > 0) {
            throw new KernelBugException("the mmap lock is held");
        }
        writer = true;
    }

    /** Releases the lock that {@link #mmapWriteLock} took. */
    public void mmapWriteUnlock() {
        writer = false;
    }

    boolean isMmapWriteLocked() {
        return writer;
    }

    /** {@code mmap_read_trylock}: succeeds unless somebody holds the lock for writing, readers or not. */
    boolean mmapReadTryLock() {
        if (writer) {
            return false;
        }
        readers++;
        return true;
    }

    /** Whether the mmap lock or a page table lock is held. */
    boolean anyLockHeld() {
        return writer || readers != 0 || pageTable.anyLocked();
    }

    private static int grainOf(long address) {
        return (int) (address % PageFrame.SIZE) / PageFrame.GRAIN_BYTES;
    }
}
