package io.pageflip.send;

import io.pageflip.channel.StreamWriter;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.NativeBuffer;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.PageRecord;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Collects page records into frames, so that small batches do not cost a system call each. It sends a large batch at
 * once, so that the destination works while the source does. Allocates nothing after construction.
 */
public final class RecordWriter {
    /**
     * Pages after which a frame is sent. To flip them takes half a millisecond, so the destination neither waits long
     * for its first frame nor is woken too often.
     */
    private static final int FLUSH_PAGES = 2048;

    private final StreamWriter stream;
    private final NativeBuffer frame =
            NativeBuffer.allocate(FrameHeader.BYTES + PageRecord.MAX_IN_FRAME * PageRecord.BYTES);
    private @Nullable FrameType type;
    private int records;
    private long pages;

    public RecordWriter(StreamWriter stream) {
        this.stream = stream;
    }

    /** Adds a record. Sends the collected records when they are enough, or when the new one is of another type. */
    void add(FrameType recordType, int block, PageRange range) throws IOException {
        if (recordType != type) {
            flush();
            type = recordType;
        }
        put(block, range, 0);
        pages += range.count();
        if (records == PageRecord.MAX_IN_FRAME || pages >= FLUSH_PAGES) {
            flush();
        }
    }

    /** Sends a record at once, in a frame of its own, because its pages follow it. */
    void sendAlone(FrameType recordType, int block, PageRange range, @Nullable CopyReason reason) throws IOException {
        flush();
        type = recordType;
        put(block, range, reason == null ? 0 : reason.code());
        flush();
    }

    private void put(int block, PageRange range, int reasonCode) {
        int at = FrameHeader.BYTES + records * PageRecord.BYTES;
        PageRecord.put(frame.bytes(), at, block, reasonCode, (int) range.count(), range.first());
        records++;
    }

    /** Sends the collected records, if there are any. */
    public void flush() throws IOException {
        if (type != null && records > 0) {
            int body = records * PageRecord.BYTES;
            FrameHeader.put(frame.bytes(), 0, type, body);
            records = 0;
            pages = 0;
            stream.write(frame, FrameHeader.BYTES + body);
        }
    }
}
