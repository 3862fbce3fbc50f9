package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/** One buffer of a pipe: a part of a page ({@code struct pipe_buffer}), which it holds a reference to. */
final class PipeBuffer {
    /** The page is on the LRU list already: {@code PIPE_BUF_FLAG_LRU}. */
    static final int LRU = 1;
    /** The writer gave the page away: {@code PIPE_BUF_FLAG_GIFT}. */
    static final int GIFT = 4;

    private @Nullable PageFrame page;
    private int offset;
    private int length;
    private int flags;
    private PipeBufferOps ops = PipeBufferOps.ANONYMOUS;

    void set(PageFrame newPage, int newOffset, int newLength, PipeBufferOps newOps, int newFlags) {
        page = newPage;
        offset = newOffset;
        length = newLength;
        ops = newOps;
        flags = newFlags;
    }

    void set(PipeBuffer other) {
        set(other.page(), other.offset, other.length, other.ops, other.flags);
    }

    PageFrame page() {
        if (page == null) {
            throw new KernelBugException("an empty pipe buffer is used");
        }
        return page;
    }

    /** The offset in bytes, from the start of the page. */
    int offset() {
        return offset;
    }

    /** The length in bytes. */
    int length() {
        return length;
    }

    PipeBufferOps ops() {
        return ops;
    }

    boolean is(int flag) {
        return (flags & flag) != 0;
    }

    void add(int flag) {
        flags |= flag;
    }

    void remove(int flag) {
        flags &= ~flag;
    }

    void advance(int bytes) {
        offset += bytes;
        length -= bytes;
    }

    void cut(int newLength) {
        length = newLength;
    }

    /** {@code ->confirm}: 0, or minus an error number. */
    int confirm() {
        return ops.confirm(this);
    }

    /** {@code ->steal}: true if the page is the caller's now, and locked; the buffer keeps its reference. */
    boolean steal(KernelLog log) {
        return ops.steal(this, log);
    }

    /** {@code ->release}. */
    void release() {
        page().put();
        page = null;
    }

    /** Gives the page away, and with it the reference. */
    void forget() {
        page = null;
    }
}
