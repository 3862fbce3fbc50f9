package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import java.io.IOException;

/**
 * How the pages of one block are mapped after the switchover: all that differs between the mechanisms that can. Any
 * number of threads, and none of the methods touches guest memory.
 */
interface PageMapper {
    /**
     * Finds out which of the postcopy pages hold data; the others need not come.
     *
     * @throws IOException if that cannot be known any more
     */
    PageBitmap data(PageBitmap postcopyPages) throws IOException;

    /**
     * Maps pages from the first one on, until something stops it.
     *
     * @return how many; 0 if the first one is there already
     * @throws IOException if the first one cannot be had
     */
    long map(PageRange range) throws IOException;

    /**
     * Maps the page that a thread has touched, and wakes all who wait for it, whoever mapped it.
     *
     * @return whether this mapped it
     * @throws IOException if it cannot be had
     */
    boolean serve(long page) throws IOException;

    /**
     * Whether the guest loses nothing if this fails: once {@link #release} is called, the kernel maps what is touched.
     */
    boolean kernelHasTheRest();

    /**
     * No more pages are wanted: lets threads of this process go that wait in this mapper for the source.
     *
     * @param complete whether every page is here, so that none of them misses anything
     */
    void stopWaiting(boolean complete);

    /** Unregisters the block and wakes all who are trapped in it: from now on the kernel serves its faults. */
    void release() throws IOException;

    /**
     * Enters in the ledger what became of the postcopy pages, when all threads have ended.
     *
     * @param index the block's number in the ledger
     * @param pages which of them were mapped
     * @param complete whether all that hold data were
     */
    void enter(PageLedger ledger, int index, PostcopyPages pages, boolean complete);
}
