package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/**
 * All page frames of the machine, and which are free (mm/page_alloc.c). Frames are made once and used again; the pages
 * of a compound page need not lie side by side.
 */
public final class PageAllocator {
    private final PageFrame[] free;
    private final PageFrame zeroPage;
    private final KernelLog log;
    private int freeCount;
    private int peakInUse;

    PageAllocator(int frames, KernelLog log) {
        this.log = log;
        free = new PageFrame[frames];
        for (int i = 0; i < frames; i++) {
            free[i] = new PageFrame(this, frames - i);
        }
        freeCount = frames;
        zeroPage = new PageFrame(this, 0);
        zeroPage.onAlloc();
        zeroPage.set(PageFlag.RESERVED);
    }

    /** Frames that somebody holds, the zero page not counted. */
    public int inUse() {
        return free.length - freeCount;
    }

    /** The most frames that were in use at once, since {@link #resetPeak}. */
    public int peakInUse() {
        return peakInUse;
    }

    /** Sets the peak to the number of frames in use now. */
    public void resetPeak() {
        peakInUse = inUse();
    }

    /** The frame that is mapped for every page that was read and never written: {@code ZERO_PAGE}. */
    PageFrame zeroPage() {
        return zeroPage;
    }

    /** A page with one reference and any content; null if there is none. */
    @Nullable
    PageFrame alloc() {
        if (freeCount == 0) {
            return null;
        }
        PageFrame page = free[--freeCount];
        page.onAlloc();
        peakInUse = Math.max(peakInUse, inUse());
        return page;
    }

    @Nullable
    PageFrame allocZeroed() {
        PageFrame page = alloc();
        if (page != null) {
            page.zero();
        }
        return page;
    }

    /** The head of a compound page of {@code count} zeroed pages, with one reference; null if too few are free. */
    @Nullable
    PageFrame allocCompound(int count, boolean hugetlb) {
        if (freeCount < count) {
            return null;
        }
        PageFrame[] pages = new PageFrame[count];
        for (int i = 0; i < count; i++) {
            pages[i] = free[--freeCount];
            pages[i].zero();
        }
        peakInUse = Math.max(peakInUse, inUse());
        pages[0].onAlloc();
        pages[0].bindCompound(pages, hugetlb);
        return pages[0];
    }

    /**
     * Takes back a page, or a whole compound page. Logs a warning where free_pages_check would print "Bad page state".
     */
    void free(PageFrame head) {
        if (head.isMapped()) {
            throw new KernelBugException("a mapped page is freed: " + head);
        }
        if (head.is(PageFlag.LOCKED) || head.mapping() instanceof PageCache) {
            log.warn(Warning.BAD_PAGE_STATE);
        }
        for (PageFrame page : head.pages()) {
            page.onFree();
            free[freeCount++] = page;
        }
    }
}
