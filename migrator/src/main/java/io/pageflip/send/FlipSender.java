package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Gifts pages of a shared block: drops their page table entries, so that only the memfd holds their frames, and tells
 * the destination. Closing the source's userfaultfd takes all of them back.
 */
public final class FlipSender implements PageSender {
    private final RecordWriter records;

    public FlipSender(RecordWriter records) {
        this.records = records;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        long pageBytes = block.spec().pageBytes();
        block.mapping().dropEntries(pages.first() * pageBytes, pages.count() * pageBytes);
        records.add(FrameType.GIFT, blockIndex, pages);
    }
}
