package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The pages of one block that are mapped only after the switchover: the account that the fault server and the
 * background mover share. The thread whose system call mapped a page enters it, so that the counts of the two add up;
 * neither enters a page that the kernel found present. A {@link PageMapper} knows how to map a page.
 *
 * <p>Any number of threads may use it.
 */
public final class PostcopyPages {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SHIFT = 6;

    private final RamBlock block;
    private final PageMapper mapper;
    private final PageBitmap postcopyPages;
    private final long pageBytes;
    private final long start;
    private final long lengthBytes;
    private final long[] mapped;
    private final AtomicLong mappedCount = new AtomicLong();
    private volatile PageBitmap data;

    /**
     * An account without an entry.
     *
     * @param postcopyPages the pages that come after the switchover; no thread changes it once the guest is resumed
     * @param data those of them that are known to hold data, until {@link #find}
     */
    PostcopyPages(RamBlock block, PageBitmap postcopyPages, PageBitmap data, PageMapper mapper) {
        if (postcopyPages.pages() != block.spec().pages() || data.pages() != postcopyPages.pages()) {
            throw new IllegalArgumentException("a map of " + postcopyPages.pages() + " pages for RAM block "
                    + block.spec().name() + ", which has " + block.spec().pages());
        }
        this.block = block;
        this.mapper = mapper;
        this.postcopyPages = postcopyPages;
        this.data = data;
        this.pageBytes = block.spec().pageBytes();
        this.start = block.mapping().address();
        this.lengthBytes = block.mapping().length();
        this.mapped = new long[Math.toIntExact((data.pages() + 63) >>> SHIFT)];
    }

    /** Finds out which pages have to be mapped. */
    void find() throws IOException {
        data = mapper.data(postcopyPages);
    }

    RamBlock block() {
        return block;
    }

    /** How many pages are to be mapped. */
    long dataPages() {
        return data.cardinality();
    }

    long pages() {
        return data.pages();
    }

    boolean holds(long address) {
        return address >= start && address - start < lengthBytes;
    }

    long pageOf(long address) {
        return (address - start) / pageBytes;
    }

    /**
     * The next pages that hold data and are not entered.
     *
     * @param from the first page that may be one of them
     * @param end the first page that may not
     * @param most maximum number of pages
     * @return consecutive pages; null if there are none
     */
    @Nullable
    PageRange nextMissing(long from, long end, long most) {
        PageBitmap wanted = data;
        long first = wanted.nextSet(from);
        while (first < end && isMapped(first)) {
            first = wanted.nextSet(first + 1);
        }
        if (first >= end) {
            return null;
        }
        long to = Math.min(Math.min(end, first + most), wanted.nextClear(first));
        long next = first + 1;
        while (next < to && !isMapped(next)) {
            next++;
        }
        return new PageRange(first, next - first);
    }

    /** Whether a page is entered as mapped. */
    boolean isMapped(long page) {
        return ((long) WORD.getOpaque(mapped, (int) (page >>> SHIFT)) & 1L << page) != 0;
    }

    /**
     * Maps pages from the first one on, and enters them; it may stop before the last one.
     *
     * @return how many were mapped for the first time; 0 if the first one was mapped already
     * @throws IOException if the first one cannot be read or mapped
     */
    long map(PageRange range) throws IOException {
        return enter(range.first(), mapper.map(range));
    }

    /**
     * Maps the page that a thread has touched, wakes all threads that wait for it, and enters it.
     *
     * @return whether this call mapped it: it may have been mapped already, or the kernel may serve its faults again
     */
    boolean serve(long page) throws IOException {
        return mapper.serve(page) && enter(page, 1) == 1;
    }

    /**
     * Enters pages, and returns how many of them are new in the account: a page that the kernel unmapped meanwhile is
     * mapped twice, and counted once.
     */
    private long enter(long first, long count) {
        long added = 0;
        for (long page = first; page < first + count; ) {
            long to = Math.min(first + count, (page | 63) + 1);
            int length = (int) (to - page);
            long bits = (length == 64 ? -1L : (1L << length) - 1) << (page & 63);
            long before = (long) WORD.getAndBitwiseOr(mapped, (int) (page >>> SHIFT), bits);
            added += Long.bitCount(bits & ~before);
            page = to;
        }
        mappedCount.addAndGet(added);
        return added;
    }

    /** How many pages are entered so far. */
    long mappedPages() {
        return mappedCount.get();
    }

    /** How many pages of data this account says were mapped. Call it when both threads have ended. */
    long mappedDataPages() {
        PageBitmap wanted = data;
        long count = 0;
        for (long page = wanted.nextSet(0); page < wanted.pages(); page = wanted.nextSet(page + 1)) {
            count += isMapped(page) ? 1 : 0;
        }
        return count;
    }

    /** See {@link PageMapper#kernelHasTheRest}. */
    boolean kernelHasTheRest() {
        return mapper.kernelHasTheRest();
    }

    /** See {@link PageMapper#release}. */
    void release() throws IOException {
        mapper.release();
    }

    /** See {@link PageMapper#stopWaiting}. */
    void stopWaiting(boolean complete) {
        mapper.stopWaiting(complete);
    }

    /** See {@link PageMapper#enter}. */
    void enterIn(PageLedger ledger, int index, boolean complete) {
        mapper.enter(ledger, index, this, complete);
    }
}
