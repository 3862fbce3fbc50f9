package io.pageflip.send;

import io.pageflip.channel.StreamWriter;
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
    public void send(int blockIndex, RamBlock block, long first, int count) throws IOException {
        records.sendAlone(FrameType.BYTES, blockIndex, first, count, reason);
        stream.write(
                block.mapping(), first * block.spec().pageBytes(), block.spec().bytesOf(first, count));
    }
}
