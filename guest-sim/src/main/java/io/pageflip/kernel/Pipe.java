package io.pageflip.kernel;

import org.jspecify.annotations.Nullable;

/**
 * A pipe: a ring of buffers, each with a part of a page ({@code struct pipe_inode_info}, fs/pipe.c). Nothing else runs
 * while a call is under way, so where the kernel would sleep the call ends.
 */
public final class Pipe {
    private final Kernel kernel;
    private final PipeBuffer[] ring;
    private int first;
    private int used;
    private boolean readable = true;
    private boolean writable = true;

    Pipe(Kernel kernel, int slots) {
        this.kernel = kernel;
        ring = new PipeBuffer[slots];
        for (int i = 0; i < slots; i++) {
            ring[i] = new PipeBuffer();
        }
    }

    /** The number of buffers that hold something. */
    public int buffers() {
        return used;
    }

    /** The number of all buffers. */
    public int slots() {
        return ring.length;
    }

    boolean isFull() {
        return used == ring.length;
    }

    /** Whether anybody can still read what is written. */
    boolean isReadable() {
        return readable;
    }

    /** Whether anybody can still write. */
    boolean isWritable() {
        return writable;
    }

    /** The last reader closes its end: a writer gets EPIPE. */
    public void closeReader() {
        readable = false;
    }

    /** The last writer closes its end: a reader of the empty pipe gets 0, its end. */
    public void closeWriter() {
        writable = false;
    }

    /** The last process closes the pipe: its pages are put. */
    public void close() {
        while (used > 0) {
            head().release();
            drop();
        }
    }

    /** The oldest buffer; null if the pipe is empty. */
    @Nullable
    PipeBuffer peek() {
        return used == 0 ? null : ring[first];
    }

    private PipeBuffer head() {
        return ring[first];
    }

    /** The buffer that is {@code place} places after the oldest. */
    PipeBuffer at(int place) {
        return ring[(first + place) % ring.length];
    }

    /** Adds a buffer, and takes over the caller's reference to the page. */
    void push(PageFrame page, int offset, int length, PipeBufferOps ops, int flags) {
        if (isFull()) {
            throw new KernelBugException("a full pipe is written");
        }
        ring[(first + used) % ring.length].set(page, offset, length, ops, flags);
        used++;
    }

    /** Takes {@code bytes} bytes from the oldest buffer, and releases the buffer once it is empty. */
    void consume(int bytes) {
        PipeBuffer buffer = head();
        buffer.advance(bytes);
        if (buffer.length() == 0) {
            buffer.release();
            drop();
        }
    }

    /** Removes the oldest buffer; the caller has taken over its reference. */
    void takeHead() {
        head().forget();
        drop();
    }

    private void drop() {
        first = (first + 1) % ring.length;
        used--;
    }

    /**
     * write(2) of up to a page: a new page whose grain {@code i} is {@code stamp + i}.
     *
     * @return bytes, or minus an error number
     */
    public int write(int length, long stamp) {
        int refused = roomError();
        if (refused != 0) {
            return refused;
        }
        PageFrame page = kernel.allocator().allocZeroed();
        if (page == null) {
            return Errno.ENOMEM.result();
        }
        page.fill(stamp);
        push(page, 0, length, PipeBufferOps.ANONYMOUS, 0);
        return length;
    }

    /**
     * splice(2) of a part of one page of a file into the pipe.
     *
     * @param offset in bytes, within the page
     * @return bytes, or minus an error number
     */
    public int spliceFrom(PageCache file, long index, int offset, int length) {
        int refused = roomError();
        if (refused != 0) {
            return refused;
        }
        PageFrame page = file.read(index);
        if (page == null) {
            return Errno.ENOMEM.result();
        }
        page.get();
        push(page, offset, length, PipeBufferOps.PAGE_CACHE, 0);
        return length;
    }

    /**
     * 0 if something can be written now; else minus the error number: EPIPE, or EAGAIN (also where the kernel would
     * wait).
     */
    int roomError() {
        if (!readable) {
            return Errno.EPIPE.result();
        }
        return isFull() ? Errno.EAGAIN.result() : 0;
    }
}
