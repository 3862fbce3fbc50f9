package io.pageflip.send;

import io.pageflip.channel.StreamWriter;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Puts pages into the page pipe with vmsplice(2). They are gifts, except with {@code --no-gift}, and in the rounds of a
 * precopy, in which the guest may still write them. Nothing may touch a gifted page until the destination has read it,
 * because the destination would see the change. A page that was not gifted and is written meanwhile may arrive half
 * written; then it is sent again.
 *
 * <p>A stock kernel leaves the pages mapped here, so the source keeps them until the destination takes the run token. A
 * kernel with the patch of 2013 takes them away, except those that cannot move, such as a page that goes in two pieces
 * ({@link io.pageflip.ram.ExceptionalPages}).
 */
final class GiftSender implements PageSender {
    /** Bytes in the first piece of a page that goes in two pieces; the same as in the simulated kernel. */
    private static final int FIRST_PIECE = 512;

    private final RecordWriter records;
    private final StreamWriter stream;
    private final boolean asGift;

    GiftSender(RecordWriter records, StreamWriter stream, boolean asGift) {
        this.records = records;
        this.stream = stream;
        this.asGift = asGift;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        long pageBytes = block.spec().pageBytes();
        records.sendAlone(FrameType.SPLICE, blockIndex, pages, asGift ? null : CopyReason.NOT_GIFTED);
        PageBitmap unaligned = block.exceptional().unaligned();
        if (unaligned.isEmpty()) {
            stream.vmsplice(block.mapping(), pages.first() * pageBytes, pages.count() * pageBytes, asGift);
            return;
        }
        for (long page = pages.first(), end; page < pages.end(); page = end) {
            boolean pieces = unaligned.get(page);
            end = pieces ? page + 1 : Math.min(pages.end(), unaligned.nextSet(page));
            long at = page * pageBytes;
            long bytes = (end - page) * pageBytes;
            long piece = pieces ? FIRST_PIECE : bytes;
            stream.vmsplice(block.mapping(), at, piece, asGift);
            if (piece < bytes) {
                stream.vmsplice(block.mapping(), at + piece, bytes - piece, asGift);
            }
        }
    }
}
