package io.pageflip.receive;

import io.pageflip.ledger.Frames;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.Evidence;
import io.pageflip.os.Errno;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.Backing;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads pages out of the source's FUSE file, by making them present in a private mapping of that file. Each fault is a
 * READ request, which the source answers with the page. Only frame numbers can tell which pages moved.
 */
public final class FuseReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final PageLedger ledger;
    private final @Nullable CopyReason knownCopyReason;
    /** For each block, how many pages from its start have been read. */
    private final long[] readPages;

    /** @param knownCopyReason why no page will be moved, if that is known beforehand; otherwise null */
    public FuseReceiver(List<RamBlock> blocks, PageLedger ledger, @Nullable CopyReason knownCopyReason) {
        this.blocks = blocks;
        this.ledger = ledger;
        this.knownCopyReason = knownCopyReason;
        this.readPages = new long[blocks.size()];
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        if (block.spec().backing() != Backing.FILE) {
            throw new ProtocolException("pages of RAM block " + block.spec().name() + " are in no FUSE file");
        }
        // The holes before them as well: the source sends the pages in order, and can still answer now.
        long from = Math.min(pages.first(), readPages[blockIndex]);
        read(block, new PageRange(from, pages.end() - from));
        readPages[blockIndex] = Math.max(readPages[blockIndex], pages.end());
        if (knownCopyReason == null) {
            ledger.undecided(blockIndex, pages);
        } else {
            ledger.copied(blockIndex, pages, knownCopyReason);
        }
    }

    private static void read(RamBlock block, PageRange pages) throws IOException {
        long pageBytes = block.spec().pageBytes();
        try {
            block.mapping().populateRead(pages.first() * pageBytes, pages.count() * pageBytes);
        } catch (SyscallException e) {
            if (e.errno() == Errno.EFAULT) { // a touch would get SIGBUS
                throw new IOException(
                        "the source's FUSE file of RAM block " + block.spec().name()
                                + " cannot be read: its server is gone, was cut off, or could not read the disk",
                        e);
            }
            throw e;
        }
    }

    /**
     * Ends the reading, when all records have come. From the last page that was read to the block's end there is a
     * hole, which becomes private memory of the destination. After that the destination needs nothing from the source,
     * which may go.
     */
    public void finish() throws IOException {
        for (int i = 0; i < blocks.size(); i++) {
            RamBlock block = blocks.get(i);
            if (block.spec().backing() == Backing.FILE
                    && readPages[i] < block.spec().pages()) {
                long offset = readPages[i] * block.spec().pageBytes();
                block.mapping().mapPrivateOver(offset, block.spec().mappedBytes() - offset);
            }
        }
    }

    /**
     * Compares frame numbers, and decides for every page whether it was moved. Call this before the guest runs, because
     * a page that the guest writes gets another frame.
     *
     * @param visible whether frame numbers are visible on both sides; if not, all pages count as copied
     * @param relocatedBefore {@link io.pageflip.os.Proc#relocatedPages} when the source recorded the frames
     */
    public static Evidence judge(
            PageLedger ledger, List<RamBlock> blocks, Frames frames, boolean visible, long relocatedBefore)
            throws IOException {
        Evidence evidence = Frames.judge(ledger, blocks, frames, visible, relocatedBefore, false);
        return visible ? evidence : Evidence.HIDDEN;
    }
}
