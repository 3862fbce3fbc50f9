package io.pageflip.source;

import io.pageflip.guest.DirtyTracker;
import io.pageflip.guest.Guest;
import io.pageflip.guest.RamBlock;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.transfer.SendPlan;
import java.io.IOException;
import java.util.List;

/**
 * Private blocks that a handover copies while the guest still runs: its vCPUs note which of their pages they write meanwhile, and
 * those are sent again once it stands. Their own log, and not the kernel's ({@code PAGEMAP_SCAN}): the question whether anything
 * was written is asked while the guest stands, and the kernel takes 15 to 30 us to answer it where the log takes one.
 */
final class EarlyCopies implements AutoCloseable {
    private final List<RamBlock> blocks;
    private final DirtyTracker written;

    /** From now on, writes are noted. */
    EarlyCopies(Guest guest) {
        this.blocks = guest.blocks();
        this.written = guest.logPrivateBlocks();
    }

    /**
     * Sends again what the guest, which stands, has written since the copies began.
     *
     * @return whether there was anything
     */
    boolean resend(SendPlan plan) throws IOException {
        boolean any = false;
        for (int i = 0; i < blocks.size(); i++) {
            if (!written.isEmpty(i)) {
                any = true;
                resend(i, plan);
            }
        }
        return any;
    }

    private void resend(int index, SendPlan plan) throws IOException {
        PageBitmap pages = written.take(index);
        for (long first = pages.nextSet(0); first < pages.pages(); ) {
            long end = pages.nextClear(first);
            plan.resend(index, blocks.get(index), new PageRange(first, end - first));
            first = pages.nextSet(end);
        }
    }

    @Override
    public void close() {
        written.close();
    }
}
