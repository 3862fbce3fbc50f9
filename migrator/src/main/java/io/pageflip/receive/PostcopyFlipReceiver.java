package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.BlockSpec;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Enters postcopy pages of the shared file into the ledger. They are mapped only after the switchover: when the guest
 * touches them, or later.
 */
public final class PostcopyFlipReceiver implements PageReceiver {
    private final List<BlockSpec> blocks;
    private final PageLedger ledger;

    /** @param blocks of the guest, in the order of their numbers */
    public PostcopyFlipReceiver(List<BlockSpec> blocks, PageLedger ledger) {
        this.blocks = blocks;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws ProtocolException {
        BlockSpec block = blocks.get(blockIndex);
        if (!block.backing().shareable()) {
            throw new ProtocolException(
                    "RAM block " + block.name() + " cannot be mapped after the switchover: it" + " has no memfd");
        }
        ledger.postcopy(blockIndex, pages);
    }
}
