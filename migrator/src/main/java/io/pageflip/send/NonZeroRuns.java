package io.pageflip.send;

import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** What the copying senders have in common: pages that are all zeros are told, and only the others are sent. */
final class NonZeroRuns implements PageSender {
    private final RecordWriter records;
    private final PageSender sender;

    NonZeroRuns(RecordWriter records, PageSender sender) {
        this.records = records;
        this.sender = sender;
    }

    @Override
    public void send(int blockIndex, RamBlock block, long first, int count) throws IOException {
        long end = first + count;
        long page = first;
        while (page < end) {
            boolean zero = isZero(block, page);
            long from = page;
            do {
                page++;
            } while (page < end && isZero(block, page) == zero);
            if (zero) {
                records.add(FrameType.ZERO, blockIndex, from, (int) (page - from));
            } else {
                sender.send(blockIndex, block, from, (int) (page - from));
            }
        }
    }

    private static boolean isZero(RamBlock block, long page) {
        long pageBytes = block.spec().pageBytes();
        return block.mapping().isZero(page * pageBytes, block.spec().bytesOf(page, 1));
    }
}
