package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Tells the destination which pages of a shared block it may map already; they stay mapped here, and the guest goes on
 * writing them.
 */
final class MapSender implements PageSender {
    private final RecordWriter records;

    MapSender(RecordWriter records) {
        this.records = records;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        records.add(FrameType.MAP, blockIndex, pages);
    }
}
