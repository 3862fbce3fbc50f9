package io.pageflip.kernel.workload;

import io.pageflip.kernel.GiftReason;
import io.pageflip.kernel.Iovec;
import io.pageflip.kernel.Kernel;
import io.pageflip.kernel.MoveReason;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.Pipe;
import io.pageflip.kernel.SpliceFlags;
import io.pageflip.kernel.Tally;
import io.pageflip.kernel.Vmsplice;
import io.pageflip.kernel.VmspliceVariant;
import java.util.EnumSet;
import java.util.List;

/**
 * A guest whose RAM is a file, and whose pages go into a pipe. Pages that must be anonymous, since they are huge or
 * merged by KSM, are gifted with vmsplice(2). A page that is not aligned goes in two pieces.
 */
final class PipedGuest {
    private static final EnumSet<Condition> ANONYMOUS = EnumSet.of(Condition.HUGE, Condition.KSM);
    private static final int FIRST_PIECE = PageFrame.GRAIN_BYTES;

    private final GuestMemory memory;
    private final Pipe pipe;
    private final Vmsplice vmsplice;
    private final Kernel kernel;
    private final int headerBytes;

    /** @param headerBytes the bytes that are written into the pipe before the pages of a call; 0 for none */
    PipedGuest(Kernel kernel, int headerBytes) {
        this.kernel = kernel;
        this.headerBytes = headerBytes;
        memory = new GuestMemory(kernel, ANONYMOUS);
        pipe = kernel.newPipe(Chunk.PAGES);
        vmsplice = new Vmsplice(
                kernel, VmspliceVariant.STOCK, new Tally<>(GiftReason.class), new Tally<>(MoveReason.class));
    }

    GuestMemory memory() {
        return memory;
    }

    Pipe pipe() {
        return pipe;
    }

    void intoPipe(Chunk chunk, int first, int count) {
        if (headerBytes > 0) {
            pipe.write(headerBytes, 0);
        }
        Condition condition = chunk.condition(first);
        if (ANONYMOUS.contains(condition)) {
            vmsplice.toPipe(
                    memory.owner(),
                    pipe,
                    List.of(Iovec.ofPages(GuestMemory.address(chunk, first), count)),
                    SpliceFlags.GIFT | SpliceFlags.MOVE);
            return;
        }
        for (int page = first; page < first + count; page++) {
            if (condition == Condition.UNALIGNED) {
                splice(condition, page, 0, FIRST_PIECE);
                splice(condition, page, FIRST_PIECE, PageFrame.SIZE - FIRST_PIECE);
            } else {
                splice(condition, page, 0, PageFrame.SIZE);
            }
        }
    }

    private void splice(Condition condition, int page, int offset, int length) {
        int done = pipe.spliceFrom(memory.file(condition), page, offset, length);
        if (done != length) {
            throw new IllegalStateException("splice returned " + done + " with "
                    + kernel.allocator().inUse() + " frames in use and " + pipe.buffers() + " buffers of the pipe");
        }
    }

    void discard() {
        pipe.close();
        memory.discard();
    }

    void end() {
        memory.end();
    }
}
