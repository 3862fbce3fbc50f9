package io.pageflip.source;

import io.pageflip.guest.Guest;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.ram.RamBlock;
import io.pageflip.send.SendPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages that a handover copies while the guest still runs: private memory, and pages that a third process maps. The
 * vCPUs log which of them they write after that, and the source sends those again once the guest is paused. It uses the
 * vCPUs' own log, not the kernel's ({@code PAGEMAP_SCAN}): it asks while the guest is paused whether anything was
 * written, and the kernel takes 15 to 30 us to answer, the log only one.
 *
 * <p>A device writes the pages that it has pinned without the vCPUs. So the source copies all pinned pages again,
 * straight into the memfd, which the destination has mapped.
 */
final class EarlyCopies implements AutoCloseable {
    private final List<RamBlock> blocks;
    private final DirtyTracker written;
    private final List<List<PageRange>> pinned = new ArrayList<>();

    /** Starts to log the guest's writes to the pages that the destination cannot map. */
    static EarlyCopies of(Guest guest) {
        return new EarlyCopies(guest.blocks(), guest.logUnshareable());
    }

    /** @param written has been started already; this object closes it */
    EarlyCopies(List<RamBlock> blocks, DirtyTracker written) {
        this.blocks = blocks;
        this.written = written;
        for (RamBlock block : blocks) {
            List<PageRange> ranges = new ArrayList<>();
            block.exceptional().pinned().forEachRun(Integer.MAX_VALUE, ranges::add);
            pinned.add(ranges);
        }
    }

    /**
     * Sends again the pages that the paused guest has written since they were copied, and copies all pinned pages.
     *
     * @return whether there was anything to send
     */
    boolean resend(SendPlan plan) throws IOException {
        boolean any = false;
        for (int i = 0; i < blocks.size(); i++) {
            if (!written.isEmpty(i)) {
                any = true;
                resend(i, plan);
            }
            copyPinned(blocks.get(i), pinned.get(i));
        }
        return any;
    }

    /** The most bytes that {@link #resend} may have to copy. */
    long mostBytes() {
        long bytes = 0;
        for (RamBlock block : blocks) {
            bytes += block.spec().backing().shareable()
                    ? block.exceptional().shared().cardinality() * block.spec().pageBytes()
                    : block.spec().lengthBytes();
        }
        for (int i = 0; i < blocks.size(); i++) {
            for (PageRange range : pinned.get(i)) {
                bytes += range.count() * blocks.get(i).spec().pageBytes();
            }
        }
        return bytes;
    }

    /** Whether the guest has written no page that would have to be sent again. Any thread may call it. */
    boolean isEmpty() throws IOException {
        boolean empty = true;
        for (int i = 0; i < blocks.size(); i++) {
            empty &= written.isEmpty(i);
        }
        return empty;
    }

    private static void copyPinned(RamBlock block, List<PageRange> ranges) throws SyscallException {
        long pageBytes = block.spec().pageBytes();
        for (int i = 0; i < ranges.size(); i++) { // no iterator: allocates nothing
            long at = ranges.get(i).first() * pageBytes;
            block.requireFile().write(at, block.mapping(), at, ranges.get(i).count() * pageBytes);
        }
    }

    private void resend(int index, SendPlan plan) throws IOException {
        PageBitmap pages = written.take(index);
        for (PageRuns runs = pages.runs(); runs.next(); ) {
            plan.resend(index, blocks.get(index), runs.range());
        }
    }

    @Override
    public void close() {
        written.close();
    }
}
