package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * Tells the destination which pages to read out of the FUSE file. The {@link FuseExport} has cleaned and released them.
 */
final class FuseSender implements PageSender {
    private final RecordWriter records;

    FuseSender(RecordWriter records) {
        this.records = records;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        records.add(FrameType.FUSE, blockIndex, pages);
    }
}
