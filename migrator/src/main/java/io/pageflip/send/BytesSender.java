package io.pageflip.send;

import io.pageflip.channel.StreamWriter;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** Writes the bytes of pages into the stream, with the reason why they were not moved. */
final class BytesSender implements PageSender {
    private final RecordWriter records;
    private final StreamWriter stream;
    private final CopyReason reason;

    BytesSender(RecordWriter records, StreamWriter stream, CopyReason reason) {
        this.records = records;
        this.stream = stream;
        this.reason = reason;
    }

    @Override
    public void send(int blockIndex, RamBlock block, PageRange pages) throws IOException {
        records.sendAlone(FrameType.BYTES, blockIndex, pages, reason);
        stream.write(
                block.mapping(),
                pages.first() * block.spec().pageBytes(),
                block.spec().bytesOf(pages));
    }
}
