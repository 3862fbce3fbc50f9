package io.pageflip.postcopy;

import io.pageflip.ledger.MoveOutcome;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.os.Mapping;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import java.io.IOException;

/**
 * Maps the pages that a shared block's file holds ({@code UFFDIO_CONTINUE}), and copies none: what is copied in such a
 * postcopy, and why, the source decides in {@code send.SendPlan}. The kernel itself serves faults of holes.
 */
public final class FlipMapper implements PageMapper {
    private final RamBlock block;
    private final Userfaultfd userfaultfd;
    private final long pageBytes;

    /** @param block registered in minor mode as a whole */
    private FlipMapper(RamBlock block, Userfaultfd userfaultfd) {
        this.block = block;
        this.userfaultfd = userfaultfd;
        this.pageBytes = block.spec().pageBytes();
    }

    /**
     * The pages of a shared block, for a {@link Postcopy}.
     *
     * @param block registered in minor mode as a whole
     * @param data the pages that its file holds, while the guest is paused
     */
    public static PostcopyPages pages(RamBlock block, PageBitmap data, Userfaultfd userfaultfd) {
        return new PostcopyPages(block, data, data, new FlipMapper(block, userfaultfd));
    }

    @Override
    public PageBitmap data(PageBitmap postcopyPages) {
        return postcopyPages; // the source has announced only pages with data
    }

    @Override
    public long map(PageRange range) throws IOException {
        long result = userfaultfd.continueRange(block.mapping(), range.first() * pageBytes, range.count() * pageBytes);
        if (result > 0) {
            return result / pageBytes;
        }
        MoveOutcome outcome = MoveOutcome.of(result);
        if (outcome != MoveOutcome.ALREADY_PRESENT) {
            throw refused(range.first(), outcome);
        }
        return 0;
    }

    @Override
    public boolean serve(long page) throws IOException {
        Mapping mapping = block.mapping();
        long result = userfaultfd.continueAndWake(mapping, page * pageBytes, pageBytes);
        if (result > 0) {
            return true;
        }
        MoveOutcome outcome = MoveOutcome.of(result);
        if (outcome == MoveOutcome.HOLE) {
            throw refused(page, outcome);
        }
        // The background mover mapped the page after the touch, or has just unregistered the block: neither wakes the
        // thread that waits for it.
        userfaultfd.wake(mapping, page * pageBytes, pageBytes);
        return false;
    }

    private IOException refused(long page, MoveOutcome outcome) {
        return new IOException("page " + page + " of RAM block " + block.spec().name()
                + " could not be mapped after the switchover: " + outcome);
    }

    @Override
    public boolean kernelHasTheRest() {
        return true;
    }

    @Override
    public void stopWaiting(boolean complete) {
        // No thread waits for the source: the pages are in the file.
    }

    @Override
    public void release() throws IOException {
        userfaultfd.unregister(block.mapping());
    }

    /**
     * Pages that were not mapped here count as declined: they were mapped before, or the kernel maps them when they are
     * touched.
     */
    @Override
    public void enter(PageLedger ledger, int index, PostcopyPages pages, boolean complete) {
        ledger.postcopyMapped(
                index, pages::isMapped, complete ? DeclineReason.ALREADY_PRESENT : DeclineReason.NO_MAPPING);
    }
}
