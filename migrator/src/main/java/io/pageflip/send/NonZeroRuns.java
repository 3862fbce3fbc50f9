package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** Announces pages that are all zeros as ZERO records, and passes only the others on to a sender that copies. */
final class NonZeroRuns implements PageSender {
    private final RecordWriter records;
    private final PageSender sender;

    NonZeroRuns(RecordWriter records, PageSender sender) {
        this.records = records;
        this.sender = sender;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        long end = pages.end();
        long page = pages.first();
        while (page < end) {
            boolean zero = isZero(block, page);
            long from = page;
            do {
                page++;
            } while (page < end && isZero(block, page) == zero);
            // Usually no page is zero, and then nothing is allocated.
            PageRange run = page - from == pages.count() ? pages : new PageRange(from, page - from);
            if (zero) {
                records.add(FrameType.ZERO, blockIndex, run);
            } else {
                sender.send(blockIndex, block, run);
            }
        }
    }

    private static boolean isZero(RamBlock block, long page) {
        long pageBytes = block.spec().pageBytes();
        return block.mapping().isZero(page * pageBytes, block.spec().bytesOf(page, 1));
    }
}
