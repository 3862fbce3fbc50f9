package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/**
 * A write from a pipe into a file through a pipe-backed iterator, as 003 describes it: {@code iter_file_splice_write}
 * and {@code generic_perform_write} (fs/splice.c, mm/filemap.c). The seed has no code. Where it leaves something open,
 * a comment says what this model does.
 */
public final class PipeIterWrite {
    /** Whether a file system's {@code write_begin} looks at the page that is offered to it. */
    public enum WriteBegin {
        /**
         * As in all file systems before: stores its own page into the pointer, "completely ignoring the prior value".
         */
        UNSUPPORTED,
        /** Tries to put the offered page into the page cache before it gets one of its own. */
        SUPPORTED
    }

    private final Kernel kernel;
    private final Tally<PipeIterReason> tally;
    private PipeIterReason reason = PipeIterReason.ACCEPTED;

    /** Decisions are added to {@code tally}. */
    public PipeIterWrite(Kernel kernel, Tally<PipeIterReason> tally) {
        this.kernel = kernel;
        this.tally = tally;
    }

    /**
     * Writes up to {@code length} bytes from the pipe to {@code position} in the file.
     *
     * @return bytes written, less than {@code length} if the pipe had no more or an error came after the first page; or
     *     minus an error number: ENOSPC, ENOMEM, EIO, ENODATA
     */
    public long write(WriteBegin writeBegin, PageCache file, long position, Pipe pipe, long length) {
        long done = 0;
        while (done < length && pipe.peek() != null) {
            long at = position + done;
            int offset = (int) (at % PageFrame.SIZE);
            long most = Math.min(length - done, PageFrame.SIZE - offset);
            int bytes = (int) Math.min(most, available(pipe));
            int error = perform(writeBegin, file, at / PageFrame.SIZE, offset, pipe, bytes);
            Outcome outcome = error != 0
                    ? Outcome.FAILED
                    : reason == PipeIterReason.ACCEPTED || reason == PipeIterReason.SAME_PAGE
                            ? Outcome.MOVED
                            : Outcome.COPIED;
            tally.add(outcome, reason, bytes);
            if (error != 0) {
                return done > 0 ? done : error;
            }
            done += bytes;
        }
        return done;
    }

    private static long available(Pipe pipe) {
        long bytes = 0;
        for (int i = 0; i < pipe.buffers(); i++) {
            bytes += pipe.at(i).length();
        }
        return bytes;
    }

    /** Writes one page of the file: fault in, begin, copy, end, advance. Returns 0, or minus an error number. */
    private int perform(WriteBegin writeBegin, PageCache file, long index, int offset, Pipe pipe, int bytes) {
        int error = confirm(pipe, bytes);
        if (error != 0) {
            reason = PipeIterReason.NOT_CONFIRMED;
            return error;
        }
        PageFrame offered = faultInReadable(pipe.at(0), bytes);
        PageFrame page = null;
        if (kernel.hazards().strikes(Hazard.WRITE_BEGIN_FAILS)) {
            reason = PipeIterReason.NOT_BEGUN;
            error = Errno.ENOSPC.result();
        } else if (offered != null && accepts(writeBegin, file, index, offered)) {
            page = offered;
        } else {
            page = grabCachePage(file, index);
            error = page == null ? Errno.ENOMEM.result() : 0;
        }
        if (page != null && kernel.hazards().strikes(Hazard.NO_BLOCK)) {
            error = noBlock(page, offered);
            page = null;
        }
        if (page == null && error == Errno.ENOMEM.result()) {
            reason = PipeIterReason.NO_PAGE;
        }
        // Only an accepted page stays locked.
        if (offered != null && offered != page && offered.is(PageFlag.LOCKED)) {
            offered.unlock();
        }
        if (page != null) {
            copyFromPipe(page, offset, pipe, bytes);
            writeEnd(page);
            advance(pipe, bytes);
        }
        return error;
    }

    private static int confirm(Pipe pipe, int bytes) {
        int seen = 0;
        for (int i = 0; seen < bytes; i++) {
            int error = pipe.at(i).confirm();
            if (error != 0) {
                return error;
            }
            seen += pipe.at(i).length();
        }
        return 0;
    }

    /**
     * {@code fault_in_readable}: the page, stolen and locked, if a whole page is to be written and it could be stolen;
     * else null.
     */
    private @Nullable PageFrame faultInReadable(PipeBuffer buffer, int bytes) {
        if (bytes != PageFrame.SIZE) {
            reason = PipeIterReason.NOT_FULL_PAGE;
        } else if (buffer.offset() != 0 || buffer.length() != PageFrame.SIZE) {
            reason = PipeIterReason.BUFFER_NOT_WHOLE;
        } else if (!buffer.steal(kernel.log())) {
            reason = PipeIterReason.NOT_STOLEN;
        } else {
            return buffer.page();
        }
        return null;
    }

    /** The new part of {@code write_begin}: shoves the page, "locked, non-uptodate", into the page cache. */
    private boolean accepts(WriteBegin writeBegin, PageCache file, long index, PageFrame offered) {
        if (writeBegin == WriteBegin.UNSUPPORTED) {
            reason = PipeIterReason.NOT_TAUGHT;
        } else if (offered.mapping() != null || offered.isCompound()) {
            reason = PipeIterReason.NOT_FOR_PAGE_CACHE;
        } else if (kernel.hazards().strikes(Hazard.PAGE_CACHE_ALLOCATION)) {
            reason = PipeIterReason.ADD_WITHOUT_MEMORY;
        } else if (file.add(offered, index) != 0) {
            reason = PipeIterReason.PLACE_TAKEN;
        } else {
            offered.clear(PageFlag.UPTODATE);
            offered.get();
            reason = PipeIterReason.ACCEPTED;
            return true;
        }
        return false;
    }

    /**
     * {@code grab_cache_page_write_begin}: the page that is there, or a new one, locked and held; null without memory.
     */
    private @Nullable PageFrame grabCachePage(PageCache file, long index) {
        PageFrame page = file.find(index);
        if (page == null) {
            page = kernel.allocator().allocZeroed();
            if (page == null) {
                return null;
            }
            file.add(page, index);
        } else {
            page.get();
        }
        page.lock();
        return page;
    }

    /**
     * {@code get_block} fails: releases the caller's page, wherever it came from. A page that was shoved in stays in
     * the page cache.
     */
    private int noBlock(PageFrame page, @Nullable PageFrame offered) {
        if (page == offered) {
            kernel.log().record(Defect.PAGE_IN_FILE_AND_PIPE);
        }
        reason = PipeIterReason.NO_BLOCK;
        page.unlock();
        page.put();
        return Errno.ENOSPC.result();
    }

    /** {@code iov_iter_copy_from_user_atomic}. */
    private void copyFromPipe(PageFrame page, int offset, Pipe pipe, int bytes) {
        PipeBuffer head = pipe.at(0);
        if (bytes == PageFrame.SIZE && head.page() == page && head.length() == bytes) {
            reason = reason == PipeIterReason.ACCEPTED ? reason : PipeIterReason.SAME_PAGE;
            return;
        }
        int done = 0;
        for (int i = 0; done < bytes; i++) {
            PipeBuffer buffer = pipe.at(i);
            int chunk = Math.min(buffer.length(), bytes - done);
            page.copy(buffer.page(), buffer.offset(), offset + done, chunk);
            done += chunk;
        }
    }

    /** The part that was not written is zeros if nobody had read the page, as in a new file. */
    private static void writeEnd(PageFrame page) {
        page.set(PageFlag.UPTODATE);
        page.set(PageFlag.DIRTY);
        page.unlock();
        page.put();
    }

    private static void advance(Pipe pipe, int bytes) {
        int left = bytes;
        PipeBuffer head = pipe.peek();
        while (left > 0 && head != null) {
            int chunk = Math.min(left, head.length());
            pipe.consume(chunk);
            left -= chunk;
            head = pipe.peek();
        }
    }
}
