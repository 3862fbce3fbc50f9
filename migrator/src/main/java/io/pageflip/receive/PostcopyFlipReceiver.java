package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.wire.ProtocolException;
import org.jspecify.annotations.Nullable;

/**
 * Enters postcopy pages of the shared file into the ledger. They are mapped only after the switchover: when the guest
 * touches them, or later.
 */
public final class PostcopyFlipReceiver implements PageReceiver {
    private final PageLedger ledger;

    public PostcopyFlipReceiver(PageLedger ledger) {
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws ProtocolException {
        ledger.postcopy(blockIndex, pages);
    }
}
