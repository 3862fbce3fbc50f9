package io.pageflip.receive;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes vmspliced pages out of the page pipe, and asks the kernel to move them, except with {@code --no-move}. */
public final class SpliceReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final StreamReader stream;
    private final PageLedger ledger;
    private final @Nullable CopyReason knownCopyReason;

    /** @param knownCopyReason why no page will be moved, if that is known beforehand; otherwise null */
    public SpliceReceiver(
            List<RamBlock> blocks, StreamReader stream, PageLedger ledger, @Nullable CopyReason knownCopyReason) {
        this.blocks = blocks;
        this.stream = stream;
        this.ledger = ledger;
        this.knownCopyReason = knownCopyReason;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        long pageBytes = block.spec().pageBytes();
        boolean move = knownCopyReason != CopyReason.MOVE_NOT_REQUESTED;
        stream.vmsplice(block.mapping(), pages.first() * pageBytes, pages.count() * pageBytes, move);
        CopyReason known = reason != null ? reason : knownCopyReason;
        if (known == null) {
            ledger.undecided(blockIndex, pages);
        } else {
            ledger.copied(blockIndex, pages, known);
        }
    }
}
