package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Tells the destination which pages to read out of the source's memory. The guest is paused until it has changed hands,
 * except in the rounds of a precopy.
 */
final class PullSender implements PageSender {
    private final RecordWriter records;

    PullSender(RecordWriter records) {
        this.records = records;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        records.add(FrameType.PULL, blockIndex, pages);
    }
}
