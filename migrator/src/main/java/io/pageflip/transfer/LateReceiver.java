package io.pageflip.transfer;

import io.pageflip.guest.RamBlock;
import io.pageflip.metrics.CopyReason;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes note of pages that are pulled after the switch, and forgets what a round of a precopy has brought of them. */
final class LateReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final PageLedger ledger;

    LateReceiver(List<RamBlock> blocks, PageLedger ledger) {
        this.blocks = blocks;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, long first, int count, @Nullable CopyReason reason) throws IOException {
        ledger.late(blockIndex, first, count);
        blocks.get(blockIndex).discard(first, count); // only a page that is missing traps
    }
}
