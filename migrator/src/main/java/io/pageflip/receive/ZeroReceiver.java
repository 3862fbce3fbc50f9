package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Enters pages that are all zeros into the ledger. Memory that nobody has touched is zero here. Only a page that came
 * with other content in an earlier precopy round must be cleared.
 */
public final class ZeroReceiver implements PageReceiver {
    private static final int CHUNK = BasePage.BYTES;

    private final List<RamBlock> blocks;
    private final PageLedger ledger;
    private final NativeBuffer zeros = NativeBuffer.allocate(CHUNK);

    public ZeroReceiver(List<RamBlock> blocks, PageLedger ledger) {
        this.blocks = blocks;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws ProtocolException {
        for (long page = pages.first(); page < pages.end(); page++) {
            if (ledger.wasCopied(blockIndex, page)) {
                clear(blocks.get(blockIndex), page);
            }
        }
        ledger.zero(blockIndex, pages);
    }

    private void clear(RamBlock block, long page) {
        long at = page * block.spec().pageBytes();
        for (long end = at + block.spec().pageBytes(); at < end; at += CHUNK) {
            block.mapping().copyIn(at, zeros, CHUNK);
        }
    }
}
