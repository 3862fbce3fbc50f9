package io.pageflip.kernel.workload;

import io.pageflip.kernel.FuseDevice;
import io.pageflip.kernel.FuseReason;
import io.pageflip.kernel.FuseRequest;
import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.PageCache;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.SpliceFlags;
import io.pageflip.kernel.Tally;
import java.util.List;

/**
 * Guest RAM is a file, whose clean pages a FUSE server splices into its replies. Races: another thread looks at a
 * stolen page, fills its place in the page cache, or aborts the request.
 */
final class FuseMachine extends Machine {
    /** {@code FUSE_MAX_PAGES_PER_REQ} of the time. */
    private static final int MOST = 32;

    private final PipedGuest guest = new PipedGuest(kernel(), FuseDevice.HEADER_BYTES);
    private final PageCache fuseFile = kernel().newFile((long) Chunk.PAGES * PageFrame.SIZE);
    private final Tally<FuseReason> tally = new Tally<>(FuseReason.class);
    private final FuseDevice device = new FuseDevice(tally);

    FuseMachine() {
        super(List.of(Hazard.SPECULATIVE_REFERENCE, Hazard.PAGE_CACHE_REPOPULATED, Hazard.ABORT_AFTER_ADD));
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
        FuseRequest request = FuseRequest.readPages(kernel(), fuseFile, first, count, true);
        int length = FuseDevice.HEADER_BYTES + count * PageFrame.SIZE;
        device.spliceWrite(guest.pipe(), length, SpliceFlags.MOVE, request);
    }

    @Override
    void discard() {
        guest.discard();
        fuseFile.truncate();
    }

    @Override
    void end() {
        guest.end();
        addTally(tally, FuseReason.class, List.of(Outcome.values()));
    }
}
