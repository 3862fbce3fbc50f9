package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** What the copying senders have in common: pages that are all zeros are announced, and only the others are sent. */
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
            // As a rule nothing is zero, and nothing is allocated.
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
