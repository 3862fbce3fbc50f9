package io.pageflip.kernel.workload;

import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.PageCache;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.PipeIterReason;
import io.pageflip.kernel.PipeIterWrite;
import io.pageflip.kernel.Tally;
import java.util.List;

/**
 * Guest RAM is a file, whose pages are spliced into a pipe and written from there into another file, whose file system
 * was taught to take them. Races: no memory for the page cache, a write that cannot begin, no block on the disk.
 */
final class PipeIterMachine extends Machine {
    private static final int MOST = 16;

    private final PipedGuest guest = new PipedGuest(kernel(), 0);
    private final PageCache written = kernel().newFile((long) Chunk.PAGES * PageFrame.SIZE);
    private final Tally<PipeIterReason> tally = new Tally<>(PipeIterReason.class);
    private final PipeIterWrite iter = new PipeIterWrite(kernel(), tally);

    PipeIterMachine() {
        super(List.of(Hazard.PAGE_CACHE_ALLOCATION, Hazard.WRITE_BEGIN_FAILS, Hazard.NO_BLOCK));
    }

    @Override
    int most() {
        return MOST;
    }

    @Override
    void populate(Chunk chunk) {
        guest.memory().populate(chunk);
    }

    @Override
    void move(Chunk chunk, int first, int count) {
        guest.intoPipe(chunk, first, count);
        long at = (long) first * PageFrame.SIZE;
        iter.write(PipeIterWrite.WriteBegin.SUPPORTED, written, at, guest.pipe(), (long) count * PageFrame.SIZE);
        guest.pipe().close(); // drops the pages of a failed write
    }

    @Override
    void discard() {
        guest.discard();
        written.truncate();
    }

    @Override
    void end() {
        guest.end();
        addTally(tally, PipeIterReason.class, List.of(Outcome.values()));
    }
}
