package io.pageflip.transfer;

import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.RamBlock;
import io.pageflip.metrics.CopyReason;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Puts pages into the page pipe with vmsplice(2), as gifts or not: with {@code --no-gift}, and in the rounds of a precopy,
 * in which the guest may still write them. Nothing touches a gifted page afterwards
 * until the destination has read it: it would see the change. A page that was not gifted, and is written meanwhile, may
 * arrive half written; it is sent again then. A stock kernel leaves them mapped here, so they are the source's
 * until the run token is taken; on a kernel with the patch of 2013 they are gone.
 */
final class GiftSender implements PageSender {
    private final RecordWriter records;
    private final StreamWriter stream;
    private final boolean asGift;

    GiftSender(RecordWriter records, StreamWriter stream, boolean asGift) {
        this.records = records;
        this.stream = stream;
        this.asGift = asGift;
    }

    @Override
    public void send(int blockIndex, RamBlock block, long first, int count) throws IOException {
        long pageBytes = block.spec().pageBytes();
        records.sendAlone(FrameType.SPLICE, blockIndex, first, count, asGift ? null : CopyReason.NOT_GIFTED);
        stream.vmsplice(block.mapping(), first * pageBytes, count * pageBytes, asGift);
    }
}
