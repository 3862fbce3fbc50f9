package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/**
 * A READ that waits for the FUSE server's reply: locked, empty pages of the file, in its page cache ({@code struct
 * fuse_req}, fs/fuse/file.c). It ends once, by the reply or by an abort.
 */
public final class FuseRequest {
    private final Kernel kernel;
    private final PageFrame[] pages;
    private final int requestedBytes;
    private final boolean replaceable;
    private int receivedBytes;
    private int error;
    private boolean locked;
    private boolean aborted;
    private boolean ended;

    private FuseRequest(Kernel kernel, PageFrame[] pages, int requestedBytes, boolean replaceable) {
        this.kernel = kernel;
        this.pages = pages;
        this.requestedBytes = requestedBytes;
        this.receivedBytes = requestedBytes;
        this.replaceable = replaceable;
    }

    /**
     * {@code fuse_send_readpages}: a READ of whole pages that are not in the cache, from page {@code first} on.
     *
     * @param replaceable {@code out.page_replace}: whether the reply may replace the pages; true of all such READs in
     *     001
     * @throws IllegalStateException if one is cached, or there is no frame left
     */
    public static FuseRequest readPages(Kernel kernel, PageCache file, long first, int count, boolean replaceable) {
        PageFrame[] pages = new PageFrame[count];
        for (int i = 0; i < count; i++) {
            PageFrame page = kernel.allocator().alloc();
            if (page == null || file.add(page, first + i) != 0) {
                throw new IllegalStateException("page " + (first + i) + " of the file cannot be read");
            }
            page.lock();
            pages[i] = page;
        }
        return new FuseRequest(kernel, pages, count * PageFrame.SIZE, replaceable);
    }

    Kernel kernel() {
        return kernel;
    }

    int pageCount() {
        return pages.length;
    }

    /** A page of the request: as it was sent, or the page that replaced it. */
    public PageFrame page(int slot) {
        return pages[slot];
    }

    void replacePage(int slot, PageFrame page) {
        pages[slot] = page;
    }

    boolean isReplaceable() {
        return replaceable;
    }

    int requestedBytes() {
        return requestedBytes;
    }

    /** Sets how many bytes the reply brings; fewer than requested mean the end of the file. */
    void setReceivedBytes(int bytes) {
        receivedBytes = bytes;
    }

    boolean isAborted() {
        return aborted;
    }

    /** {@code lock_request}: 0, or {@code -ENOENT} if it was aborted. */
    int lock() {
        if (aborted) {
            return Errno.ENOENT.result();
        }
        locked = true;
        return 0;
    }

    /** {@code unlock_request}: from here on an abort ends it at once. */
    void unlock() {
        locked = false;
        if (aborted) {
            end();
        }
    }

    /** {@code fuse_abort_conn}: ends the request; a locked one ends as soon as it is unlocked. */
    public void abort() {
        if (ended || aborted) {
            return;
        }
        aborted = true;
        error = Errno.EIO.result();
        if (!locked) {
            end();
        }
    }

    void fail(int result) {
        error = result;
    }

    /** {@code request_end}, which calls {@code fuse_readpages_end}. */
    void end() {
        if (!ended) {
            ended = true;
            readpagesEnd();
        }
    }

    /** Whether its pages are unlocked and put. */
    public boolean isEnded() {
        return ended;
    }

    /** {@code fuse_readpages_end} as 001 rewrote it: some of the pages, or all, may have lost their mapping. */
    private void readpagesEnd() {
        PageCache file = fileOfAnyPage();
        if (file != null) {
            if (error == 0 && receivedBytes < requestedBytes) {
                file.setSizeBytes(pages[0].index() * PageFrame.SIZE + receivedBytes);
            }
            file.invalidateAttributes();
        }
        for (PageFrame page : pages) {
            page.set(error == 0 ? PageFlag.UPTODATE : PageFlag.ERROR);
            page.unlock();
            page.put();
        }
    }

    private @Nullable PageCache fileOfAnyPage() {
        for (PageFrame page : pages) {
            if (page.mapping() instanceof PageCache file) {
                return file;
            }
        }
        return null;
    }
}
