package io.pageflip.kernel;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One reply on its way from pipe buffers into a request's pages: {@code struct fuse_copy_state} (001; fs/fuse/dev.c).
 */
final class FuseCopyState {
    /** The result of {@code fuse_try_move_page} that is neither 0 nor an error: the bytes must be copied. */
    private static final int FALL_BACK = 1;

    /** The flags that a stolen page may have ({@code fuse_check_page}). */
    static final Set<PageFlag> NOT_WEIRD = EnumSet.of(
            PageFlag.LOCKED, PageFlag.REFERENCED, PageFlag.UPTODATE, PageFlag.LRU, PageFlag.ACTIVE, PageFlag.RECLAIM);

    private final FuseRequest request;
    private final Kernel kernel;
    private final PipeBuffer[] buffers;
    private final boolean moveAsked;
    private final boolean movePages;
    private final Tally<FuseReason> tally;
    private int next; // cs->pipebufs
    private @Nullable PipeBuffer current; // cs->currbuf
    private int position; // cs->buf, in the current buffer's page
    private int length; // cs->len, what is left of the current buffer
    private FuseReason reason = FuseReason.MOVED;

    FuseCopyState(FuseRequest request, PipeBuffer[] buffers, boolean moveAsked, Tally<FuseReason> tally) {
        this.request = request;
        this.kernel = request.kernel();
        this.buffers = buffers;
        this.moveAsked = moveAsked;
        this.movePages = moveAsked && request.isReplaceable();
        this.tally = tally;
    }

    /** {@code fuse_copy_one} of the reply's header. */
    int header(int bytes) {
        int left = bytes;
        while (left > 0) {
            int error = length == 0 ? nextBuffer() : 0;
            if (error != 0) {
                return error;
            }
            int chunk = Math.min(left, length);
            skip(chunk);
            left -= chunk;
        }
        return 0;
    }

    /**
     * {@code copy_out_args} and {@code fuse_copy_pages}: copies {@code bytes} bytes into the pages, and zeros into the
     * rest.
     */
    int pages(int bytes) {
        request.setReceivedBytes(bytes);
        int left = bytes;
        for (int i = 0; i < request.pageCount(); i++) {
            int count = Math.min(left, PageFrame.SIZE);
            int error = copyPage(i, count);
            if (error != 0) {
                tally.add(Outcome.FAILED, reason, count);
                return error;
            }
            if (count > 0) {
                tally.add(reason == FuseReason.MOVED ? Outcome.MOVED : Outcome.COPIED, reason, count);
            }
            left -= count;
        }
        return 0;
    }

    /** {@code fuse_copy_page}: 0, or minus an error number. */
    private int copyPage(int slot, int count) {
        PageFrame page = request.page(slot);
        if (count < PageFrame.SIZE) {
            page.zero();
        }
        if (count > 0 && length != 0) {
            reason = FuseReason.BUFFER_LEFT_OVER;
        } else {
            reason = gate(count);
        }
        int done = 0;
        while (done < count) {
            if (length == 0) {
                boolean whole = movePages && done == 0 && count == PageFrame.SIZE;
                int result = whole ? tryMovePage(slot) : fill();
                if (whole ? result <= 0 : result != 0) {
                    return result;
                }
            }
            int chunk = Math.min(count - done, length);
            page.copy(current().page(), position, done, chunk);
            skip(chunk);
            done += chunk;
        }
        return 0;
    }

    private FuseReason gate(int count) {
        if (!moveAsked) {
            return FuseReason.MOVE_NOT_REQUESTED;
        }
        if (!movePages) {
            return FuseReason.PAGES_NOT_REPLACEABLE;
        }
        return count == PageFrame.SIZE ? FuseReason.MOVED : FuseReason.NOT_WHOLE_PAGE;
    }

    /** {@code fuse_copy_fill}: makes the next buffer the current one; returns 0, or minus an error number. */
    private int fill() {
        request.unlock();
        int error = nextBuffer();
        return error != 0 ? error : lockRequest();
    }

    private int nextBuffer() {
        PipeBuffer buffer = buffers[next];
        int error = buffer.confirm();
        if (error != 0) {
            reason = FuseReason.NOT_CONFIRMED;
            return error;
        }
        current = buffer;
        position = buffer.offset();
        length = buffer.length();
        next++;
        return 0;
    }

    private int lockRequest() {
        int error = request.lock();
        if (error != 0) {
            reason = FuseReason.ABORTED;
        }
        return error;
    }

    private void skip(int bytes) {
        position += bytes;
        length -= bytes;
    }

    private PipeBuffer current() {
        if (current == null) {
            throw new KernelBugException("no current pipe buffer");
        }
        return current;
    }

    /** {@code fuse_try_move_page}: 0 if the page is moved, minus an error number, or {@link #FALL_BACK}. */
    private int tryMovePage(int slot) {
        PageFrame oldPage = request.page(slot);
        request.unlock();
        int error = nextBuffer();
        if (error != 0) {
            return error;
        }
        PipeBuffer buffer = current();
        if (length != PageFrame.SIZE) {
            return fallBack(FuseReason.BUFFER_LENGTH);
        }
        if (!buffer.steal(kernel.log())) {
            return fallBack(FuseReason.NOT_STOLEN);
        }
        PageFrame newPage = buffer.page();
        if (!newPage.is(PageFlag.UPTODATE)) {
            kernel.log().warn(Warning.FUSE_NEW_PAGE_NOT_UPTODATE);
            kernel.log().record(Defect.PAGE_LEFT_LOCKED);
            reason = FuseReason.NOT_UPTODATE;
            return Errno.EIO.result();
        }
        newPage.clear(PageFlag.MAPPEDTODISK);
        if (isWeird(newPage)) {
            kernel.log().warn(Warning.FUSE_WEIRD_PAGE);
            newPage.unlock();
            return fallBack(reason);
        }
        if (kernel.hazards().strikes(Hazard.ABORT_BEFORE_MOVE)) {
            request.abort();
            kernel.log().record(Defect.ABORTED_WHILE_UNLOCKED);
        }
        if (isInUse(oldPage)) {
            newPage.unlock();
            return fallBack(reason);
        }
        return replace(slot, oldPage, newPage, buffer);
    }

    private boolean isWeird(PageFrame page) {
        boolean looked = kernel.hazards().strikes(Hazard.SPECULATIVE_REFERENCE);
        if (looked) {
            page.get();
        }
        boolean weird = checkPage(page);
        if (looked) {
            page.put();
        }
        return weird;
    }

    /** {@code fuse_check_page}: true, with a reason, if the page is weird. */
    private boolean checkPage(PageFrame page) {
        if (page.mapCount() != 0) {
            reason = FuseReason.WEIRD_MAPPED;
        } else if (page.mapping() != null) {
            reason = FuseReason.WEIRD_MAPPING;
        } else if (page.refCount() != 1) {
            reason = FuseReason.WEIRD_COUNT;
        } else if (page.hasFlagBeyond(NOT_WEIRD)) {
            reason = FuseReason.WEIRD_FLAGS;
        } else {
            return false;
        }
        return true;
    }

    /** The four {@code WARN_ON}s about the page to be replaced. */
    private boolean isInUse(PageFrame oldPage) {
        if (oldPage.isMapped()) {
            return warn(FuseReason.OLD_PAGE_MAPPED, Warning.FUSE_OLD_PAGE_MAPPED);
        }
        if (oldPage.is(PageFlag.PRIVATE)) {
            return warn(FuseReason.OLD_PAGE_PRIVATE, Warning.FUSE_OLD_PAGE_PRIVATE);
        }
        if (oldPage.is(PageFlag.DIRTY)) {
            return warn(FuseReason.OLD_PAGE_DIRTY, Warning.FUSE_OLD_PAGE_DIRTY);
        }
        if (oldPage.is(PageFlag.WRITEBACK)) {
            return warn(FuseReason.OLD_PAGE_WRITEBACK, Warning.FUSE_OLD_PAGE_DIRTY);
        }
        if (oldPage.is(PageFlag.MLOCKED)) {
            return warn(FuseReason.OLD_PAGE_MLOCKED, Warning.FUSE_OLD_PAGE_MLOCKED);
        }
        return false;
    }

    private boolean warn(FuseReason why, Warning warning) {
        reason = why;
        kernel.log().warn(warning);
        return true;
    }

    /** {@code fuse_try_move_page} from {@code remove_from_page_cache} on. */
    private int replace(int slot, PageFrame oldPage, PageFrame newPage, PipeBuffer buffer) {
        if (!(oldPage.mapping() instanceof PageCache file)) {
            throw new KernelBugException("the page to be replaced is no file's");
        }
        long index = oldPage.index();
        file.remove(oldPage);
        oldPage.put();
        if (kernel.hazards().strikes(Hazard.PAGE_CACHE_REPOPULATED)) {
            file.read(index);
        }
        boolean noMemory = kernel.hazards().strikes(Hazard.PAGE_CACHE_ALLOCATION);
        if (noMemory || file.add(newPage, index) != 0) {
            kernel.log().warn(Warning.FUSE_ADD_FAILED);
            kernel.log().record(Defect.REPLY_NOT_CACHED);
            newPage.unlock();
            return fallBack(noMemory ? FuseReason.ADD_WITHOUT_MEMORY : FuseReason.REPOPULATED);
        }
        newPage.get();
        if (!buffer.is(PipeBuffer.LRU)) {
            newPage.set(PageFlag.LRU);
        }
        if (kernel.hazards().strikes(Hazard.ABORT_AFTER_ADD)) {
            request.abort();
        }
        if (request.isAborted()) {
            newPage.unlock();
            newPage.put();
            reason = FuseReason.ABORTED;
            return Errno.ENOENT.result();
        }
        request.replacePage(slot, newPage);
        oldPage.unlock();
        oldPage.put();
        length = 0;
        reason = FuseReason.MOVED;
        return 0;
    }

    private int fallBack(FuseReason why) {
        reason = why;
        int error = lockRequest();
        return error != 0 ? error : FALL_BACK;
    }
}
