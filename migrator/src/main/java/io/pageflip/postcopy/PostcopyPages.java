package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The pages of one block that are mapped only after the switchover: the account that the fault server and the
 * background mover share. A page is entered by the one thread to which the kernel has said that it mapped it, so that
 * the counts of the two add up; a page that the kernel found present is entered by neither. How a page is mapped is for
 * a {@link PageMapper} to know.
 *
 * <p>Any number of threads.
 */
public final class PostcopyPages {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SHIFT = 6;

    private final RamBlock block;
    private final PageMapper mapper;
    private final PageBitmap late;
    private final long pageBytes;
    private final long start;
    private final long lengthBytes;
    private final long[] mapped;
    private final AtomicLong mappedCount = new AtomicLong();
    private volatile PageBitmap data;

    /**
     * An account without an entry.
     *
     * @param late the pages that come after the switchover; nobody changes it once the guest is resumed
     * @param data those of them that are known to hold data, until {@link #find}
     */
    PostcopyPages(RamBlock block, PageBitmap late, PageBitmap data, PageMapper mapper) {
        if (late.pages() != block.spec().pages() || data.pages() != late.pages()) {
            throw new IllegalArgumentException("a map of " + late.pages() + " pages for RAM block "
                    + block.spec().name() + ", which has " + block.spec().pages());
        }
        this.block = block;
        this.mapper = mapper;
        this.late = late;
        this.data = data;
        this.pageBytes = block.spec().pageBytes();
        this.start = block.mapping().address();
        this.lengthBytes = block.mapping().length();
        this.mapped = new long[Math.toIntExact((data.pages() + 63) >>> SHIFT)];
    }

    /** Finds out which pages have to be mapped. */
    void find() throws IOException {
        data = mapper.data(late);
    }

    RamBlock block() {
        return block;
    }

    /** The pages that are to be mapped. */
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
     * The first page from {@code from} on that holds data and is not entered; {@code end} if there is none before it.
     */
    long nextMissing(long from, long end) {
        PageBitmap wanted = data;
        long page = wanted.nextSet(from);
        while (page < end && isMapped(page)) {
            page = wanted.nextSet(page + 1);
        }
        return Math.min(page, end);
    }

    /** The end of the run of such pages that begins with {@code first}, at most {@code end}. */
    long endOfMissing(long first, long end) {
        long to = Math.min(end, data.nextClear(first));
        long page = first + 1;
        while (page < to && !isMapped(page)) {
            page++;
        }
        return page;
    }

    /** Whether a page is entered as mapped. */
    boolean isMapped(long page) {
        return ((long) WORD.getOpaque(mapped, (int) (page >>> SHIFT)) & 1L << page) != 0;
    }

    /**
     * Maps pages from {@code first} on, until something stops it, and enters them.
     *
     * @return how many were mapped for the first time; 0 if the first one was there already
     * @throws IOException if the first one cannot be had
     */
    long map(long first, long count) throws IOException {
        return enter(first, mapper.map(first, count));
    }

    /**
     * Maps the page that a thread has touched, wakes all who wait for it, and enters it.
     *
     * @return whether this mapped it: it may have been there already, or be nobody's business any more
     */
    boolean serve(long page) throws IOException {
        return mapper.serve(page) && enter(page, 1) == 1;
    }

    /**
     * How many of them are new in the account: a page that the kernel unmapped meanwhile is mapped twice, and counted
     * once.
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

    /** Pages entered so far. */
    long mappedPages() {
        return mappedCount.get();
    }

    /** Pages of data that this account says were mapped. To be called when both threads have ended. */
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
