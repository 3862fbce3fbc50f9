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
 * Reads pages out of the source's FUSE file, by making them present in a private mapping of it: each fault is a READ
 * that the source answers with the page. Only frame numbers can tell which of them moved.
 */
public final class FuseReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final PageLedger ledger;
    private final @Nullable CopyReason foregone;
    /** Of each block: the pages from its start that have been read. */
    private final long[] readPages;

    /** @param foregone why no page will be moved, if that is known beforehand */
    public FuseReceiver(List<RamBlock> blocks, PageLedger ledger, @Nullable CopyReason foregone) {
        this.blocks = blocks;
        this.ledger = ledger;
        this.foregone = foregone;
        this.readPages = new long[blocks.size()];
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        if (block.spec().backing() != Backing.FILE) {
            throw new ProtocolException("pages of RAM block " + block.spec().name() + " are in no FUSE file");
        }
        // Holes before them as well: the source sends the blocks in order, and is there to be asked now.
        long from = Math.min(pages.first(), readPages[blockIndex]);
        read(block, new PageRange(from, pages.end() - from));
        readPages[blockIndex] = Math.max(readPages[blockIndex], pages.end());
        if (foregone == null) {
            ledger.undecided(blockIndex, pages);
        } else {
            ledger.copied(blockIndex, pages, foregone);
        }
    }

    private static void read(RamBlock block, PageRange pages) throws IOException {
        long pageBytes = block.spec().pageBytes();
        try {
            block.mapping().populateRead(pages.first() * pageBytes, pages.count() * pageBytes);
        } catch (SyscallException e) {
            if (e.errno() == Errno.EFAULT) { // what a touch would get as SIGBUS
                throw new IOException(
                        "the source's FUSE file of RAM block " + block.spec().name()
                                + " cannot be read: its server is gone, was cut off, or could not read the disk",
                        e);
            }
            throw e;
        }
    }

    /**
     * All records have come: what follows the last one is a hole to the block's end, and becomes memory of the
     * destination's own. Now every page is there or needs nobody, and the source may go.
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
     * Compares frame numbers and decides about every page. To be called before the guest runs: a page that it writes
     * gets another frame.
     *
     * @param visible whether frame numbers are visible on both sides; if not, all pages count as copied
     * @param relocatedBefore {@link io.pageflip.os.Proc#relocatedPages} when the source noted them
     */
    public static Evidence judge(
            PageLedger ledger, List<RamBlock> blocks, Frames frames, boolean visible, long relocatedBefore)
            throws IOException {
        Evidence evidence = Frames.judge(ledger, blocks, frames, visible, relocatedBefore, false);
        return visible ? evidence : Evidence.HIDDEN;
    }
}
