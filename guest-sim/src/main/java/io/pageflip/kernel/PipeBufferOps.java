package io.pageflip.kernel;

/**
 * How a pipe buffer is confirmed and stolen, by the kind of its page ({@code struct pipe_buf_operations}; fs/splice.c,
 * fs/pipe.c).
 */
enum PipeBufferOps {
    /** Written with write(2): {@code anon_pipe_buf_ops}. Such a page was never marked as up to date. */
    ANONYMOUS {
        @Override
        boolean steal(PipeBuffer buffer, KernelLog log) {
            return stealSoleReference(buffer.page());
        }
    },
    /** Spliced from a file: {@code page_cache_pipe_buf_ops}. */
    PAGE_CACHE {
        @Override
        int confirm(PipeBuffer buffer) {
            PageFrame page = buffer.page();
            if (page.is(PageFlag.UPTODATE)) {
                return 0;
            }
            return page.mapping() == null ? Errno.ENODATA.result() : Errno.EIO.result();
        }

        @Override
        boolean steal(PipeBuffer buffer, KernelLog log) {
            PageFrame page = buffer.page();
            page.lock();
            if (page.mapping() instanceof PageCache file) {
                if (!page.is(PageFlag.UPTODATE)) {
                    log.warn(Warning.STOLEN_PAGE_NOT_UPTODATE);
                }
                page.clear(PageFlag.WRITEBACK); // the kernel waits until it has ended
                if (!page.is(PageFlag.PRIVATE) && file.removeMapping(page)) {
                    buffer.add(PipeBuffer.LRU);
                    return true;
                }
            }
            page.unlock();
            return false;
        }
    },
    /** A process's own page, through vmsplice(2): {@code user_page_pipe_buf_ops}. */
    USER_PAGE {
        @Override
        boolean steal(PipeBuffer buffer, KernelLog log) {
            if (!buffer.is(PipeBuffer.GIFT)) {
                return false;
            }
            buffer.add(PipeBuffer.LRU);
            return stealSoleReference(buffer.page());
        }
    };

    int confirm(PipeBuffer buffer) {
        return 0;
    }

    abstract boolean steal(PipeBuffer buffer, KernelLog log);

    /** {@code generic_pipe_buf_steal}: steals the page if the pipe's reference is the only one. */
    private static boolean stealSoleReference(PageFrame page) {
        if (page.refCount() != 1) {
            return false;
        }
        page.lock();
        return true;
    }
}
