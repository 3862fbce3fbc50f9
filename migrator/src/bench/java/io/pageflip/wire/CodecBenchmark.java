package io.pageflip.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Frames to bytes and back. An operation is a frame: of END, or of as many records as fit. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    private final ByteBuffer frame = ByteBuffer.allocateDirect(
                    FrameHeader.BYTES + PageRecord.MAX_IN_FRAME * PageRecord.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);

    private final Message.End end = new Message.End(List.of(1L, 2L, 3L), new Message.SourceFigures(1, 0, 2, true, 3));
    private final byte[] endFrame = MessageCodec.encode(end);

    @Setup
    public void prepare() {
        encodeRecords();
    }

    @Benchmark
    public byte[] encodeEnd() {
        return MessageCodec.encode(end);
    }

    @Benchmark
    public Message decodeEnd() throws ProtocolException {
        ByteBuffer bytes = ByteBuffer.wrap(endFrame).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader header = FrameHeader.read(bytes, 0);
        return MessageCodec.decode(header.type(), bytes.position(FrameHeader.BYTES));
    }

    @Benchmark
    public ByteBuffer encodeRecords() {
        for (int i = 0; i < PageRecord.MAX_IN_FRAME; i++) {
            PageRecord.put(frame, FrameHeader.BYTES + i * PageRecord.BYTES, 0, 0, 512, 512L * i);
        }
        FrameHeader.put(frame, 0, FrameType.GIFT, PageRecord.MAX_IN_FRAME * PageRecord.BYTES);
        return frame;
    }

    @Benchmark
    public long decodeRecords() throws ProtocolException {
        FrameHeader header = FrameHeader.read(frame, 0);
        int end = FrameHeader.BYTES + header.bodyLength();
        long sum = 0;
        for (int at = FrameHeader.BYTES; at < end; at += PageRecord.BYTES) {
            sum += PageRecord.block(frame, at)
                    + PageRecord.reasonCode(frame, at)
                    + PageRecord.count(frame, at)
                    + PageRecord.first(frame, at);
        }
        return sum;
    }
}
