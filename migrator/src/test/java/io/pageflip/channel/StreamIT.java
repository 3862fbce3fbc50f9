package io.pageflip.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pipe;
import io.pageflip.os.SyscallException;
import io.pageflip.request.ChannelKind;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StreamIT {
    private static final long S = 1_000_000_000L;
    private static final int[] PAYLOADS = {1, 7, 4083, 4095, 4096, 4097, 20_480, 20_481, 70_001, 300_000};

    /** Each look at it is a second later: no test waits for a time to pass. */
    private static NanoClock hurried() {
        long[] now = {0};
        return () -> now[0] += S;
    }

    private static InactivityTimeout timeout() {
        InactivityTimeout timeout = new InactivityTimeout(NanoClock.SYSTEM, () -> {});
        timeout.limitSeconds(Waiting.LIMIT.toSeconds());
        return timeout;
    }

    private static InactivityTimeout shortPatience() {
        InactivityTimeout timeout = new InactivityTimeout(hurried(), () -> {});
        timeout.limitSeconds(5);
        return timeout;
    }

    private static StreamWriter writer(StreamEnds ends) {
        return new StreamWriter(ends.write(), ends.write(), timeout());
    }

    private static StreamReader reader(StreamEnds ends, boolean exact) {
        return new StreamReader(ends.read(), ends.read(), exact, timeout());
    }

    private static <T> FutureTask<T> inBackground(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        new Thread(task, "other end").start();
        return task;
    }

    private static <T> T join(FutureTask<T> task) throws InterruptedException, ExecutionException, TimeoutException {
        return task.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
    }

    private static Mapping pattern(int length) throws SyscallException {
        Mapping mapping = Mapping.anonymous("pattern", (length + 4095) / 4096 * 4096L);
        for (int at = 0; at < mapping.length(); at += 8) {
            mapping.setLong(at, at * 0x9e3779b97f4a7c15L + length);
        }
        return mapping;
    }

    private static void assertSame(Mapping actual, Mapping expected, int length) {
        NativeBuffer bytes = NativeBuffer.allocate(length);
        expected.copyOut(0, bytes, length);
        assertThat(actual.matches(0, bytes, length))
                .as("%d bytes arrived unchanged", length)
                .isTrue();
    }

    static List<Arguments> streams() {
        List<Arguments> streams = new ArrayList<>();
        for (ChannelKind kind : ChannelKind.values()) {
            streams.add(Arguments.of(kind, false));
            streams.add(Arguments.of(kind, true));
        }
        return streams;
    }

    /** Frames of all lengths, some followed by bytes of a mapping: together more than any pipe or socket holds. */
    @ParameterizedTest
    @MethodSource("streams")
    void framesAndBytesOfOddSizesArrive(ChannelKind kind, boolean exact) throws Exception {
        try (StreamEnds ends = StreamEnds.open(kind)) {
            FutureTask<Long> sending = inBackground(() -> {
                StreamWriter writer = writer(ends);
                for (int payload : PAYLOADS) {
                    writer.write(MessageCodec.encode(new Message.Failed("x".repeat(payload % 499))));
                    writer.write(bytesFrame(payload));
                    try (Mapping content = pattern(payload)) {
                        writer.write(content, 0, payload);
                    }
                    writer.write(MessageCodec.encode(new Message.Resumed(payload)));
                }
                return writer.transferredBytes();
            });
            StreamReader reader = reader(ends, exact);
            long received = 0;
            for (int payload : PAYLOADS) {
                FrameHeader failed = reader.next();
                received += FrameHeader.BYTES + failed.bodyLength();
                assertThat(MessageCodec.decode(failed.type(), reader.body()))
                        .isEqualTo(new Message.Failed("x".repeat(payload % 499)));
                FrameHeader bytes = reader.next();
                received += FrameHeader.BYTES + bytes.bodyLength();
                assertThat(bytes).isEqualTo(new FrameHeader(FrameType.BYTES, PageRecord.BYTES));
                assertThat(PageRecord.first(reader.body(), reader.body().position()))
                        .isEqualTo(payload);
                try (Mapping content = pattern(payload);
                        Mapping arrived = Mapping.anonymous("arrived", content.length())) {
                    reader.readInto(arrived, 0, payload);
                    assertSame(arrived, content, payload);
                }
                received += payload;
                FrameHeader released = reader.next();
                received += FrameHeader.BYTES + released.bodyLength();
                assertThat(MessageCodec.decode(released.type(), reader.body())).isEqualTo(new Message.Resumed(payload));
            }
            assertThat(join(sending)).isEqualTo(received);
        }
    }

    private static byte[] bytesFrame(long payload) {
        ByteBuffer frame =
                ByteBuffer.allocate(FrameHeader.BYTES + PageRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(frame, 0, FrameType.BYTES, PageRecord.BYTES);
        PageRecord.put(frame, FrameHeader.BYTES, 0, 1, 1, payload);
        return frame.array();
    }

    /** Thousands of small frames: the reader's buffer is filled, compacted and filled again at every odd place. */
    @ParameterizedTest
    @MethodSource("streams")
    void manySmallFramesArriveInOrder(ChannelKind kind, boolean exact) throws Exception {
        int frames = 5000;
        try (StreamEnds ends = StreamEnds.open(kind)) {
            FutureTask<Void> sending = inBackground(() -> {
                StreamWriter writer = writer(ends);
                for (int i = 0; i < frames; i++) {
                    writer.write(MessageCodec.encode(new Message.Cancel("n".repeat(i % 97) + i)));
                }
                return null;
            });
            StreamReader reader = reader(ends, exact);
            for (int i = 0; i < frames; i++) {
                FrameHeader header = reader.next();
                assertThat(MessageCodec.decode(header.type(), reader.body()))
                        .isEqualTo(new Message.Cancel("n".repeat(i % 97) + i));
            }
            join(sending);
        }
    }

    @ParameterizedTest
    @EnumSource
    void exactModeReadsNothingAhead(ChannelKind kind) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind);
                Mapping content = pattern(1000)) {
            StreamWriter writer = writer(ends);
            writer.write(bytesFrame(1));
            writer.write(content, 0, 1000);
            StreamReader reader = reader(ends, true);
            reader.next();
            assertThat(ends.read().unreadBytes()).isEqualTo(1000);
            try (Mapping arrived = Mapping.anonymous("arrived", 4096)) {
                reader.readInto(arrived, 0, 999);
                assertThat(ends.read().unreadBytes()).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("streams")
    void anEndBetweenFramesIsThePeersGoing(ChannelKind kind, boolean exact) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind)) {
            writer(ends).write(MessageCodec.encode(new Message.Resumed(1)));
            ends.write().close();
            StreamReader reader = reader(ends, exact);
            assertThat(reader.next().type()).isEqualTo(FrameType.RESUMED);
            assertThatExceptionOfType(PeerGoneException.class)
                    .isThrownBy(reader::next)
                    .withMessage("the source has closed the migration stream");
        }
    }

    @ParameterizedTest
    @MethodSource("streams")
    void anEndInTheMiddleOfAFrameIsThePeersGoing(ChannelKind kind, boolean exact) throws IOException {
        byte[] frame = MessageCodec.encode(new Message.Ready(1));
        for (int length = 1; length < frame.length; length++) {
            try (StreamEnds ends = StreamEnds.open(kind)) {
                NativeBuffer part = NativeBuffer.allocate(frame.length);
                part.bytes().put(0, frame);
                writer(ends).write(part, length);
                ends.write().close();
                assertThatExceptionOfType(PeerGoneException.class)
                        .as("after %d bytes", length)
                        .isThrownBy(() -> reader(ends, exact).next());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("streams")
    void anEndAmongTheBytesOfPagesIsThePeersGoing(ChannelKind kind, boolean exact) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind);
                Mapping content = pattern(5000);
                Mapping arrived = Mapping.anonymous("arrived", 8192)) {
            StreamWriter writer = writer(ends);
            writer.write(bytesFrame(1));
            writer.write(content, 0, 4999);
            ends.write().close();
            StreamReader reader = reader(ends, exact);
            reader.next();
            assertThatExceptionOfType(PeerGoneException.class).isThrownBy(() -> reader.readInto(arrived, 0, 5000));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatDoesNotWriteRunsOutOfPatience(ChannelKind kind) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind)) {
            StreamReader reader = new StreamReader(ends.read(), ends.read(), false, shortPatience());
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(reader::next)
                    .withMessage("no sign of life for 5 s while waiting for the source to send");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatDoesNotReadRunsOutOfPatience(ChannelKind kind) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind);
                Mapping content = pattern(16 << 20)) {
            StreamWriter writer = new StreamWriter(ends.write(), ends.write(), shortPatience());
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> writer.write(content, 0, content.length()))
                    .withMessage("no sign of life for 5 s while waiting for the destination to read");
        }
    }

    @Test
    void aPagePipeThatNobodyReadsRunsOutOfPatience() throws IOException {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE);
                Mapping content = pattern(16 << 20)) {
            StreamWriter writer = new StreamWriter(ends.write(), ends.write(), shortPatience());
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> writer.vmsplice(content, 0, content.length(), true))
                    .withMessageStartingWith("no sign of life for 5 s");
        }
    }

    @Test
    void aPagePipeThatNobodyFillsRunsOutOfPatience() throws IOException {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE);
                Mapping arrived = Mapping.anonymous("arrived", 4096)) {
            StreamReader reader = new StreamReader(ends.read(), ends.read(), true, shortPatience());
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> reader.vmsplice(arrived, 0, 4096, true))
                    .withMessageStartingWith("no sign of life for 5 s");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestToGiveUpEndsTheWait(ChannelKind kind) throws IOException {
        Cancellation cancellation = new Cancellation();
        cancellation.request("by the user");
        try (StreamEnds ends = StreamEnds.open(kind)) {
            StreamReader reader =
                    new StreamReader(ends.read(), ends.read(), false, new InactivityTimeout(hurried(), cancellation));
            assertThatExceptionOfType(CancelledException.class)
                    .isThrownBy(reader::next)
                    .withMessage("by the user");
        }
    }

    @ParameterizedTest
    @EnumSource
    void writingToNobodyIsThePeersGoing(ChannelKind kind) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind)) {
            StreamWriter writer = writer(ends);
            assertThat(writer.readerGone()).isFalse();
            ends.read().close();
            assertThat(writer.readerGone()).isTrue();
            assertThatExceptionOfType(PeerGoneException.class)
                    .isThrownBy(() -> writer.write(MessageCodec.encode(new Message.Resumed(1))))
                    .withMessage("the destination has closed the migration stream");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatGoesWithBytesUnreadIsGone(ChannelKind kind) throws IOException {
        try (StreamEnds ends = StreamEnds.open(kind)) {
            StreamWriter writer = writer(ends);
            writer.write(MessageCodec.encode(new Message.Resumed(1)));
            ends.read().close();
            assertThatExceptionOfType(PeerGoneException.class)
                    .isThrownBy(() -> writer.write(MessageCodec.encode(new Message.Resumed(1))));
        }
    }

    @Test
    void splicingPagesToNobodyIsThePeersGoing() throws IOException {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE);
                Mapping content = pattern(4096)) {
            ends.read().close();
            StreamWriter writer = writer(ends);
            assertThatExceptionOfType(PeerGoneException.class)
                    .isThrownBy(() -> writer.vmsplice(content, 0, 4096, true));
        }
    }

    @Test
    void drainedMeansThatTheReaderHasTakenEverything() throws Exception {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE)) {
            StreamWriter writer = writer(ends);
            writer.awaitDrained();
            writer.write(MessageCodec.encode(new Message.Resumed(1)));
            StreamWriter impatient = new StreamWriter(ends.write(), ends.write(), shortPatience());
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(impatient::awaitDrained)
                    .withMessageContaining("waiting for the destination to read");
            FutureTask<FrameHeader> reading =
                    inBackground(() -> reader(ends, true).next());
            writer.awaitDrained();
            assertThat(join(reading).type()).isEqualTo(FrameType.RESUMED);
        }
    }

    @Test
    void drainingEndsWithTheReader() throws IOException {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE)) {
            StreamWriter writer = writer(ends);
            writer.write(MessageCodec.encode(new Message.Resumed(1)));
            ends.read().close();
            assertThatExceptionOfType(PeerGoneException.class).isThrownBy(writer::awaitDrained);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void morePagesThanThePipeHoldsAreSpliced(boolean gift) throws Exception {
        int length = 2 * Pipe.maxSize() + 5 * 4096;
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE);
                Mapping content = pattern(length);
                Mapping expected = pattern(length);
                Mapping arrived = Mapping.anonymous("arrived", length)) {
            FutureTask<Long> sending = inBackground(() -> {
                StreamWriter writer = writer(ends);
                writer.vmsplice(content, 0, length, gift);
                return writer.transferredBytes();
            });
            reader(ends, true).vmsplice(arrived, 0, length, gift);
            assertThat(join(sending)).isEqualTo(length);
            assertSame(arrived, expected, length);
        }
    }

    /** A gift through the stream itself: records and pages alternate in one pipe. */
    @Test
    void recordsAndSplicedPagesShareAPipe() throws Exception {
        int rounds = 50;
        int length = 17 * 4096;
        try (StreamEnds ends = StreamEnds.open(ChannelKind.PIPE);
                Mapping content = pattern(length);
                Mapping expected = pattern(length)) {
            FutureTask<Void> sending = inBackground(() -> {
                StreamWriter writer = writer(ends);
                for (int i = 0; i < rounds; i++) {
                    writer.write(bytesFrame(i));
                    writer.vmsplice(content, 0, length, false);
                }
                return null;
            });
            StreamReader reader = reader(ends, true);
            for (int i = 0; i < rounds; i++) {
                assertThat(reader.next().type()).isEqualTo(FrameType.BYTES);
                assertThat(PageRecord.first(reader.body(), reader.body().position()))
                        .isEqualTo(i);
                try (Mapping arrived = Mapping.anonymous("arrived", length)) {
                    reader.vmsplice(arrived, 0, length, false);
                    assertSame(arrived, expected, length);
                }
            }
            join(sending);
        }
    }

    @Test
    void aFrameThatIsTooLongForAStreamIsRefusedBeforeItsBodyCame() throws IOException {
        try (StreamEnds ends = StreamEnds.open(ChannelKind.UNIX)) {
            ByteBuffer header = ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            FrameHeader.put(header, 0, FrameType.COMPLETED, 1 << 20);
            writer(ends).write(header.array());
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> reader(ends, false).next())
                    .withMessage("a frame of 1048588 bytes in the migration stream");
        }
    }

    @Test
    void theLongestFrameOfAStreamIsRead() throws Exception {
        byte[] frame = new byte[FrameHeader.BYTES + FrameType.END.maxBody()];
        ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(header, 0, FrameType.END, FrameType.END.maxBody());
        frame[frame.length - 1] = 77;
        try (StreamEnds ends = StreamEnds.open(ChannelKind.UNIX)) {
            FutureTask<Void> sending = inBackground(() -> {
                StreamWriter writer = writer(ends);
                for (int i = 0; i < 20; i++) {
                    writer.write(frame);
                    writer.write(MessageCodec.encode(new Message.Resumed(i)));
                }
                return null;
            });
            StreamReader reader = reader(ends, false);
            for (int i = 0; i < 20; i++) {
                assertThat(reader.next().type()).isEqualTo(FrameType.END);
                assertThat(reader.body().get(reader.body().limit() - 1)).isEqualTo((byte) 77);
                assertThat(MessageCodec.decode(reader.next().type(), reader.body()))
                        .isEqualTo(new Message.Resumed(i));
            }
            join(sending);
        }
    }

    @Test
    void closingClosesBothDescriptorsOnce() throws IOException {
        try (StreamEnds stream = StreamEnds.open(ChannelKind.UNIX);
                StreamEnds pages = StreamEnds.open(ChannelKind.PIPE)) {
            StreamWriter writer = new StreamWriter(stream.write(), pages.write(), timeout());
            StreamReader reader = new StreamReader(stream.read(), pages.read(), false, timeout());
            writer.close();
            writer.close();
            reader.close();
            reader.close();
            assertThat(List.of(stream.write(), stream.read(), pages.write(), pages.read()))
                    .noneMatch(Fd::isOpen);
        }
    }
}
