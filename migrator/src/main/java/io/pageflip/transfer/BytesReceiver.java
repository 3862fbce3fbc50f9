package io.pageflip.transfer;

import io.pageflip.channel.StreamReader;
import io.pageflip.guest.RamBlock;
import io.pageflip.metrics.CopyReason;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the bytes of pages out of the stream, straight into guest memory. */
final class BytesReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final StreamReader stream;
    private final PageLedger ledger;

    BytesReceiver(List<RamBlock> blocks, StreamReader stream, PageLedger ledger) {
        this.blocks = blocks;
        this.stream = stream;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, long first, int count, @Nullable CopyReason reason) throws IOException {
        if (reason == null) {
            throw new ProtocolException("bytes of pages came without a reason");
        }
        RamBlock block = blocks.get(blockIndex);
        stream.readInto(
                block.mapping(), first * block.spec().pageBytes(), block.spec().bytesOf(first, count));
        ledger.copied(blockIndex, first, count, reason);
    }
}
