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
 * Private memory, and pages that a third process maps, that a handover copies while the guest still runs: its vCPUs
 * note which pages of these they write meanwhile, and those are sent again once it is paused. Their own log, and not
 * the kernel's ({@code PAGEMAP_SCAN}): the question whether anything was written is asked while the guest is paused,
 * and the kernel takes 15 to 30 us to answer it where the log takes one. A device that has pages pinned writes them
 * behind the vCPUs' back: those are all copied again, and straight into the memfd, which the destination has mapped.
 */
final class EarlyCopies implements AutoCloseable {
    private final List<RamBlock> blocks;
    private final DirtyTracker written;
    private final List<List<PageRange>> pinned = new ArrayList<>();

    /** The pages of a guest that the destination cannot map; from now on, writes to them are noted. */
    static EarlyCopies of(Guest guest) {
        return new EarlyCopies(guest.blocks(), guest.logUnshareable());
    }

    /** @param written on already; taken over */
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
     * Sends again what the paused guest has written since the copies began, and copies all pinned pages.
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

    /** Whether the guest has written nothing that would have to go again; any thread may ask. */
    boolean isEmpty() throws IOException {
        boolean empty = true;
        for (int i = 0; i < blocks.size(); i++) {
            empty &= written.isEmpty(i);
        }
        return empty;
    }

    private static void copyPinned(RamBlock block, List<PageRange> ranges) throws SyscallException {
        long pageBytes = block.spec().pageBytes();
        for (int i = 0; i < ranges.size(); i++) { // no iterator on the switching path
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
