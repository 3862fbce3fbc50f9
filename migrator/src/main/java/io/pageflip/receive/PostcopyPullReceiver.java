package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Enters pages that will be pulled after the switchover into the ledger, and drops their copies from an earlier precopy
 * round.
 */
public final class PostcopyPullReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final PageLedger ledger;

    public PostcopyPullReceiver(List<RamBlock> blocks, PageLedger ledger) {
        this.blocks = blocks;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        ledger.postcopy(blockIndex, pages);
        blocks.get(blockIndex).discard(pages); // only a missing page traps
    }
}
