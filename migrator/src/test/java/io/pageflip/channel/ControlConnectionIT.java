package io.pageflip.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ControlConnectionIT {
    private Fd raw;
    private ControlConnection connection;

    @BeforeEach
    void connect() throws IOException {
        List<Fd> pair = UnixSocket.pair();
        raw = pair.get(0);
        connection = ControlConnection.over(pair.get(1));
    }

    @AfterEach
    void close() {
        connection.close();
        raw.close();
    }

    private void writeRaw(byte... bytes) {
        NativeBuffer buffer = NativeBuffer.allocate(bytes.length);
        buffer.bytes().put(0, bytes);
        assertThat(raw.write(buffer, 0, bytes.length)).isEqualTo(bytes.length);
    }

    private Message next() throws IOException {
        Message message = connection.poll(Waiting.LIMIT_MS);
        assertThat(message).as("a message within %d ms", Waiting.LIMIT_MS).isNotNull();
        return message;
    }

    private IOException failure() {
        Waiting.until("the broken connection", connection::hasInput);
        try {
            for (int i = 0; i < 1000; i++) {
                connection.poll(Waiting.LIMIT_MS);
            }
        } catch (IOException e) {
            return e;
        }
        throw new AssertionError("the connection is fine");
    }

    @Test
    void messagesCrossBothWaysInOrder() throws IOException {
        List<Fd> pair = UnixSocket.pair();
        ControlConnection left = ControlConnection.over(pair.get(0));
        ControlConnection right = ControlConnection.over(pair.get(1));
        try {
            for (int i = 0; i < 200; i++) {
                left.send(new Message.Cancel("left " + i));
                right.send(new Message.Ready(i));
            }
            for (int i = 0; i < 200; i++) {
                assertThat(right.poll(Waiting.LIMIT_MS)).isEqualTo(new Message.Cancel("left " + i));
                assertThat(left.poll(Waiting.LIMIT_MS)).isEqualTo(new Message.Ready(i));
            }
            assertThat(left.poll(0)).isNull();
            assertThat(left.hasInput()).isFalse();
        } finally {
            left.close();
            right.close();
        }
    }

    @Test
    void aDroppedConnectionIsBrokenAtOnceHereAndSoonThere() throws IOException {
        List<Fd> pair = UnixSocket.pair();
        try (ControlConnection left = ControlConnection.over(pair.get(0));
                ControlConnection right = ControlConnection.over(pair.get(1))) {
            assertThat(left.isWhole()).isTrue();
            right.send(new Message.Ready(1));
            Waiting.until("a message", left::hasInput);
            left.drop();
            assertThat(left.isWhole()).isFalse();
            assertThat(left.poll(Waiting.LIMIT_MS)).as("came before it broke").isEqualTo(new Message.Ready(1));
            assertThatThrownBy(() -> left.poll(0)).isInstanceOf(PeerGoneException.class);
            Waiting.until("the other end", () -> !right.isWhole());
            assertThatThrownBy(() -> right.poll(Waiting.LIMIT_MS)).isInstanceOf(PeerGoneException.class);
        }
    }

    @Test
    void theLargestMessageArrives() throws IOException {
        List<Fd> pair = UnixSocket.pair();
        Message report = new Message.Completed(7, "x".repeat(FrameType.COMPLETED.maxBody() - 12));
        try (ControlConnection left = ControlConnection.over(pair.get(0));
                ControlConnection right = ControlConnection.over(pair.get(1))) {
            left.send(report);
            assertThat(right.poll(Waiting.LIMIT_MS)).isEqualTo(report);
        }
    }

    @Test
    void aFrameMayComeByteByByte() throws IOException {
        for (byte b : MessageCodec.encode(new Message.Resumed(2))) {
            assertThat(connection.hasInput()).isFalse();
            writeRaw(b);
        }
        assertThat(next()).isEqualTo(new Message.Resumed(2));
    }

    @Test
    void newsAreAnnouncedAndGoneOnceTaken() throws IOException {
        assertThat(connection.hasInput()).isFalse();
        assertThat(connection.poll(0)).isNull();
        writeRaw(MessageCodec.encode(new Message.Resumed(2)));
        Waiting.until("news", connection::hasInput);
        assertThat(connection.poll(0)).isEqualTo(new Message.Resumed(2));
        assertThat(connection.hasInput()).isFalse();
    }

    /** Two messages, one right behind the other, against a thread that polls: neither gets stuck unannounced. */
    @Test
    void noMessageComesUnannounced() throws Exception {
        int messages = 4000;
        NativeBuffer frame = frame(new Message.Resumed(2));
        AtomicInteger taken = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        Thread writer = new Thread(() -> {
            for (int i = 0; i < messages && !over.get(); i++) {
                while (taken.get() < i / 2 * 2 && !over.get()) {
                    Thread.onSpinWait(); // a pair only when the last one is taken
                }
                raw.write(frame, 0, frame.length());
            }
        });
        writer.start();
        try {
            long deadlineNs = NanoClock.SYSTEM.nanoTime() + Waiting.LIMIT_NS;
            while (taken.get() < messages) {
                if (connection.hasInput() && connection.poll(0) != null) {
                    taken.incrementAndGet();
                }
                if (NanoClock.SYSTEM.nanoTime() > deadlineNs) {
                    throw new AssertionError("stuck after " + taken + " messages of " + messages);
                }
            }
        } finally {
            over.set(true);
            writer.join();
        }
        assertThat(connection.poll(0)).isNull();
    }

    @Test
    void whatWasSaidBeforeTheCloseIsDeliveredFirst() throws IOException {
        for (int i = 0; i < 50; i++) {
            writeRaw(MessageCodec.encode(new Message.Ready(i)));
        }
        raw.close();
        for (int i = 0; i < 50; i++) {
            assertThat(next()).isEqualTo(new Message.Ready(i));
        }
        assertThat(failure()).isInstanceOf(PeerGoneException.class);
        assertThat(connection.hasInput()).isTrue();
        assertThat(failure()).as("and again").isInstanceOf(PeerGoneException.class);
    }

    /** As an agent does that waits in slices: the message must not be overtaken by the end, whenever it comes. */
    @Test
    void anEndNeverOvertakesAMessage() throws IOException {
        for (int i = 0; i < 200; i++) {
            List<Fd> pair = UnixSocket.pair();
            NativeBuffer frame = frame(new Message.Failed("no room"));
            try (ControlConnection polled = ControlConnection.over(pair.get(1))) {
                Thread peer = new Thread(() -> {
                    pair.get(0).write(frame, 0, frame.length());
                    pair.get(0).close();
                });
                peer.start();
                Message message = null;
                long deadline = NanoClock.SYSTEM.nanoTime() + Waiting.LIMIT_NS;
                while (message == null) {
                    message = polled.poll(0);
                    assertThat(NanoClock.SYSTEM.nanoTime())
                            .as("deadline of round %d", i)
                            .isLessThan(deadline);
                }
                assertThat(message).as("round %d", i).isEqualTo(new Message.Failed("no room"));
            }
        }
    }

    private static NativeBuffer frame(Message message) {
        byte[] bytes = MessageCodec.encode(message);
        NativeBuffer frame = NativeBuffer.allocate(bytes.length);
        frame.bytes().put(0, bytes);
        return frame;
    }

    @Test
    void garbageIsRefused() {
        writeRaw("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(failure()).isInstanceOf(ProtocolException.class).hasMessageStartingWith("no frame");
    }

    @Test
    void garbageBehindAMessageDoesNotSpoilTheMessage() throws IOException {
        byte[] frame = MessageCodec.encode(new Message.Ready(3));
        byte[] both = Arrays.copyOf(frame, frame.length + 12);
        writeRaw(both);
        assertThat(next()).isEqualTo(new Message.Ready(3));
        assertThat(failure()).isInstanceOf(ProtocolException.class).hasMessageStartingWith("no frame");
    }

    @Test
    void aFrameThatIsTooLongIsRefusedBeforeItsBodyCame() {
        writeRaw(header(FrameType.COMPLETED, Integer.MAX_VALUE));
        assertThat(failure())
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a COMPLETED frame of 2147483647 bytes; at most 1048576 are allowed");
    }

    @Test
    void aFrameOfRecordsIsRefused() {
        writeRaw(Arrays.copyOf(header(FrameType.GIFT, 16), FrameHeader.BYTES + 16));
        assertThat(failure()).isInstanceOf(ProtocolException.class).hasMessage("a GIFT frame where a message must be");
    }

    @Test
    void aBodyThatMakesNoSenseIsRefused() {
        writeRaw(Arrays.copyOf(header(FrameType.END, 1), FrameHeader.BYTES + 1));
        assertThat(failure()).isInstanceOf(ProtocolException.class).hasMessageContaining("RAM blocks 0");
    }

    private static byte[] header(FrameType type, int length) {
        ByteBuffer header = ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(header, 0, type, length);
        return header.array();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 11, 12, 13, 19})
    void aTruncatedFrameIsThePeersGoing(int length) {
        writeRaw(Arrays.copyOf(MessageCodec.encode(new Message.Ready(3)), length));
        raw.close();
        assertThat(failure()).isInstanceOf(PeerGoneException.class);
    }

    /** The kernel resets a Unix socket whose peer goes without having read everything. */
    @Test
    void aPeerThatGoesWithSomethingUnreadIsGone() throws IOException {
        connection.send(new Message.Ready(1));
        raw.close();
        assertThat(failure()).isInstanceOf(PeerGoneException.class);
    }

    @Test
    void sendingToNobodyIsThePeersGoing() {
        raw.close();
        failure();
        assertThatExceptionOfType(PeerGoneException.class).isThrownBy(() -> connection.send(new Message.Ready(1)));
    }

    @Test
    void closingReleasesTheDescriptorAndTheThread() throws IOException {
        connection.close();
        raw.close();
        Waiting.until("control threads of earlier tests", () -> controlThreads() == 0);
        List<String> before = descriptors();
        for (int i = 0; i < 5; i++) {
            List<Fd> pair = UnixSocket.pair();
            ControlConnection left = ControlConnection.over(pair.get(0));
            ControlConnection right = ControlConnection.over(pair.get(1));
            left.send(new Message.Ready(1));
            assertThat(controlThreads()).isPositive();
            left.close();
            right.close();
        }
        Waiting.untilAsserted(
                "control threads", () -> assertThat(controlThreads()).isZero());
        Waiting.untilAsserted("descriptors", () -> assertThat(descriptors()).hasSameSizeAs(before));
    }

    @Test
    void aSocketThatWasHandedOverIsNotItsFormerOwners() throws IOException {
        List<Fd> pair = UnixSocket.pair();
        try (ControlConnection over = ControlConnection.over(pair.get(0))) {
            assertThat(pair.get(0).isOpen()).isFalse();
            assertThat(over.hasInput()).isFalse();
        } finally {
            pair.get(1).close();
        }
    }

    private static long controlThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("control-") && thread.isAlive())
                .count();
    }

    /** Sockets and what an event loop is made of; other descriptors come and go with class loading. */
    private static List<String> descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.map(ControlConnectionIT::target)
                    .filter(target -> target.startsWith("socket:") || target.startsWith("anon_inode:"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (NoSuchFileException e) {
            return ""; // closed meanwhile, the directory's own one for instance
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
