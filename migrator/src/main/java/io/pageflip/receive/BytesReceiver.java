package io.pageflip.receive;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.MoveOutcome;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bytes of pages out of the stream, straight into guest memory. If that memory is registered with a
 * userfaultfd, the pages are mapped first: without a page table entry a touch would trap, and only this thread could
 * serve the fault. Pages that a third process maps go into private memory, which is not registered.
 */
public final class BytesReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final StreamReader stream;
    private final PageLedger ledger;
    private final @Nullable Userfaultfd userfaultfd;

    /** @param userfaultfd with which all shared blocks are registered; null if they are not */
    public BytesReceiver(
            List<RamBlock> blocks, StreamReader stream, PageLedger ledger, @Nullable Userfaultfd userfaultfd) {
        this.blocks = blocks;
        this.stream = stream;
        this.ledger = ledger;
        this.userfaultfd = userfaultfd;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        if (reason == null) {
            throw new ProtocolException("bytes of pages came without a reason");
        }
        RamBlock block = blocks.get(blockIndex);
        if (userfaultfd != null && block.file() != null) {
            map(userfaultfd, block, pages);
        }
        stream.readInto(
                block.mapping(),
                pages.first() * block.spec().pageBytes(),
                block.spec().bytesOf(pages));
        ledger.copied(blockIndex, pages, reason);
    }

    private static void map(Userfaultfd userfaultfd, RamBlock block, PageRange pages) throws IOException {
        long pageBytes = block.spec().pageBytes();
        PageBitmap apart = block.exceptional().shared();
        for (long page = pages.first(); page < pages.end(); page++) {
            if (apart.get(page)) {
                continue;
            }
            long result = userfaultfd.continueRange(block.mapping(), page * pageBytes, pageBytes);
            if (result < 0 && MoveOutcome.of(result) != MoveOutcome.ALREADY_PRESENT) {
                throw new ProtocolException("page " + page + " of RAM block "
                        + block.spec().name() + " came as bytes, and cannot be mapped: " + MoveOutcome.of(result));
            }
        }
    }
}
