package io.pageflip.transfer;

import io.pageflip.guest.RamBlock;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Mapping;
import io.pageflip.os.Userfaultfd;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The pages of one shared block that are mapped only after the switch: the account that the fault server and the
 * background mover share. A page is entered by the one thread to which the kernel has said that it mapped it, so that the
 * counts of the two add up; a page that the kernel found present is entered by neither.
 *
 * <p>Any number of threads.
 */
final class LatePages {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SHIFT = 6;

    private final RamBlock block;
    private final Userfaultfd userfaultfd;
    private final PageBitmap data;
    private final long pageBytes;
    private final long start;
    private final long lengthBytes;
    private final long[] mapped;

    /** @param data the pages that the file holds; nobody changes it any more */
    LatePages(RamBlock block, PageBitmap data, Userfaultfd userfaultfd) {
        if (data.pages() != block.spec().pages()) {
            throw new IllegalArgumentException("a map of " + data.pages() + " pages for RAM block "
                    + block.spec().name() + ", which has " + block.spec().pages());
        }
        this.block = block;
        this.userfaultfd = userfaultfd;
        this.data = data;
        this.pageBytes = block.spec().pageBytes();
        this.start = block.mapping().address();
        this.lengthBytes = block.mapping().length();
        this.mapped = new long[Math.toIntExact((data.pages() + 63) >>> SHIFT)];
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

    /** The first page from {@code from} on that holds data and is not entered; {@code end} if there is none before it. */
    long nextMissing(long from, long end) {
        long page = data.nextSet(from);
        while (page < end && isMapped(page)) {
            page = data.nextSet(page + 1);
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
     * Maps the pages from {@code first} on, until something stops it, wakes nobody, and enters them.
     *
     * @return how many were mapped for the first time; 0 if the first one was there already
     * @throws IOException if the kernel refuses the first one for another reason: the file has no such page
     */
    long map(long first, long count) throws IOException {
        long result = userfaultfd.continueRange(block.mapping(), first * pageBytes, count * pageBytes);
        if (result > 0) {
            return enter(first, result / pageBytes);
        }
        MoveOutcome outcome = MoveOutcome.of(result);
        if (outcome != MoveOutcome.ALREADY_PRESENT) {
            throw refused(first, outcome);
        }
        return 0;
    }

    /**
     * Maps the page that a thread has touched, wakes all who wait for it, and enters it.
     *
     * @return whether this mapped it: it may have been there already, or be nobody's business any more
     */
    boolean serve(long page) throws IOException {
        Mapping mapping = block.mapping();
        long result = userfaultfd.continueAndWake(mapping, page * pageBytes, pageBytes);
        if (result > 0) {
            return enter(page, 1) == 1;
        }
        MoveOutcome outcome = MoveOutcome.of(result);
        if (outcome == MoveOutcome.HOLE) {
            throw refused(page, outcome);
        }
        // The other one mapped it after the touch, or has just unregistered: neither wakes this waiter.
        userfaultfd.wake(mapping, page * pageBytes, pageBytes);
        return false;
    }

    private IOException refused(long page, MoveOutcome outcome) {
        return new IOException("page " + page + " of RAM block " + block.spec().name()
                + " could not be mapped after the switch: " + outcome);
    }

    /** How many of them are new in the account: a page that the kernel unmapped meanwhile is mapped twice, and counted once. */
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
        return added;
    }

    /** Pages of data that this account says were mapped. To be called when both threads have ended. */
    long mappedDataPages() {
        long count = 0;
        for (long page = data.nextSet(0); page < data.pages(); page = data.nextSet(page + 1)) {
            count += isMapped(page) ? 1 : 0;
        }
        return count;
    }

    /** Unregisters the block and wakes all who are trapped in it: from now on the kernel serves its faults. */
    void release() throws IOException {
        userfaultfd.unregister(block.mapping());
    }
}
