package io.pageflip.os;

/**
 * vmsplice(2), in both directions. An object holds the one iovec that it needs; one thread at a time may use it.
 *
 * <p>On a stock kernel the reader's side copies the pages; on a kernel with the patch of 2013 (seeds 000 and 004) they
 * move.
 */
public final class PageGift {
    private static final int SPLICE_F_MOVE = 1;
    private static final int SPLICE_F_NONBLOCK = 2;
    private static final int SPLICE_F_GIFT = 8;

    private final NativeBuffer iovec = NativeBuffer.allocate(16);
    private final Syscalls sys = Syscalls.LINUX;

    /**
     * Puts pages of {@code from} into a pipe. After a gift the writer must not touch the pages: the reader would see
     * the change if it has not taken them yet.
     *
     * @param gift with {@code SPLICE_F_GIFT|SPLICE_F_MOVE}; otherwise the pages are only lent
     * @return bytes taken, or minus the error number ({@code -EAGAIN}: the pipe is full; {@code -EPIPE})
     */
    public long give(Fd pipe, Mapping from, long offset, long bytes, boolean gift) {
        iovec.bytes().putLong(0, from.address(offset, bytes)).putLong(8, bytes);
        int flags = SPLICE_F_NONBLOCK | (gift ? SPLICE_F_GIFT | SPLICE_F_MOVE : 0);
        return sys.vmsplice(pipe.number(), iovec.address(), 1, flags);
    }

    /**
     * Takes bytes out of a pipe into {@code to}.
     *
     * @param move with {@code SPLICE_F_MOVE}: pages may be moved, not copied
     * @return bytes taken, 0 at the end, or minus the error number ({@code -EAGAIN}: the pipe is empty)
     */
    public long take(Fd pipe, Mapping to, long offset, long bytes, boolean move) {
        iovec.bytes().putLong(0, to.address(offset, bytes)).putLong(8, bytes);
        return sys.vmsplice(pipe.number(), iovec.address(), 1, SPLICE_F_NONBLOCK | (move ? SPLICE_F_MOVE : 0));
    }
}
