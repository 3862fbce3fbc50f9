package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import java.io.IOException;

/**
 * Maps the pages of one block after the switchover. It has all that differs between the mechanisms that can do that.
 * Any number of threads may use it. No method touches guest memory.
 */
interface PageMapper {
    /**
     * Finds out which of the postcopy pages hold data; the others need not come.
     *
     * @throws IOException if that cannot be found out any more
     */
    PageBitmap data(PageBitmap postcopyPages) throws IOException;

    /**
     * Maps pages from the first one on; it may stop before the last one.
     *
     * @return how many it mapped; 0 if the first one is mapped already
     * @throws IOException if the first one cannot be read or mapped
     */
    long map(PageRange range) throws IOException;

    /**
     * Maps the page that a thread has touched, and wakes all threads that wait for it, even if another thread has
     * mapped it.
     *
     * @return whether this call mapped it
     * @throws IOException if it cannot be read or mapped
     */
    boolean serve(long page) throws IOException;

    /**
     * Whether the guest loses nothing if this mapper fails: after {@link #release}, the kernel maps each page when it
     * is touched.
     */
    boolean kernelHasTheRest();

    /**
     * No more pages are wanted: frees the threads of this process that wait in this mapper for the source.
     *
     * @param complete whether every page is here, so that no thread lacks one
     */
    void stopWaiting(boolean complete);

    /** Unregisters the block and wakes all threads that are trapped in it: from now on the kernel serves its faults. */
    void release() throws IOException;

    /**
     * Enters in the ledger what became of the postcopy pages, when all threads have ended.
     *
     * @param index the block's number in the ledger
     * @param pages which of them were mapped
     * @param complete whether all pages that hold data were mapped
     */
    void enter(PageLedger ledger, int index, PostcopyPages pages, boolean complete);
}
