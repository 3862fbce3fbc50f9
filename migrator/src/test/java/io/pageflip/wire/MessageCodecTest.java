package io.pageflip.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import io.pageflip.ram.Backing;
import io.pageflip.testkit.Waiting;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class MessageCodecTest {
    private static final int SEEDS = 100;
    private static final int FLIPS_A_SEED = 200;

    /** What decoding a frame of a few KiB may take: the message, and an exception's stack trace. */
    private static final long MOST_BYTES_A_DECODE = 256 << 10;

    private static final int VERSION_AT = FrameHeader.BYTES;

    private static Message decode(byte[] frame) throws ProtocolException {
        ByteBuffer buffer = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader header = FrameHeader.read(buffer, 0);
        // A reader waits for the whole body, and hands no more on.
        int end = Math.min(buffer.capacity(), FrameHeader.BYTES + header.bodyLength());
        return MessageCodec.decode(header.type(), buffer.limit(end).position(FrameHeader.BYTES));
    }

    private static byte[] frameWithBody(FrameType type, byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(FrameHeader.BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(frame, 0, type, body.length);
        return frame.put(FrameHeader.BYTES, body).array();
    }

    private static byte[] fixed(FrameType type) {
        return MessageCodec.encode(message(type));
    }

    private static Message message(FrameType type) {
        return SampleMessages.fixed().stream()
                .filter(m -> m.type() == type)
                .findFirst()
                .orElseThrow();
    }

    private static void assertRefused(byte[] frame, String part) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> decode(frame))
                .withMessageContaining(part);
    }

    static List<FrameType> messageTypes() {
        return SampleMessages.fixed().stream().map(Message::type).toList();
    }

    static List<FrameType> recordTypes() {
        return Arrays.stream(FrameType.values())
                .filter(type -> !messageTypes().contains(type))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("messageTypes")
    void randomMessagesCrossUnchanged(FrameType type) throws ProtocolException {
        for (int seed = 0; seed < SEEDS; seed++) {
            Message message = SampleMessages.random(type, new Random(seed));
            byte[] frame = MessageCodec.encode(message);
            assertThat(frame.length - FrameHeader.BYTES).isLessThanOrEqualTo(type.maxBody());
            assertThat(decode(frame))
                    .as("seed %d", seed)
                    .usingRecursiveComparison()
                    .isEqualTo(message);
        }
    }

    @ParameterizedTest
    @MethodSource("messageTypes")
    void everyTruncationIsRefused(FrameType type) {
        byte[] whole = fixed(type);
        byte[] body = Arrays.copyOfRange(whole, FrameHeader.BYTES, whole.length);
        for (int length = 0; length < body.length; length++) {
            byte[] frame = frameWithBody(type, Arrays.copyOf(body, length));
            assertThatExceptionOfType(ProtocolException.class)
                    .as("the first %d of %d bytes", length, body.length)
                    .isThrownBy(() -> decode(frame));
        }
    }

    @ParameterizedTest
    @MethodSource("messageTypes")
    void trailingBytesAreRefused(FrameType type) {
        byte[] whole = fixed(type);
        byte[] body = Arrays.copyOfRange(whole, FrameHeader.BYTES, whole.length);
        assertRefused(
                frameWithBody(type, Arrays.copyOf(body, body.length + 3)),
                "a " + type + " frame with 3 bytes too many");
    }

    /** Whatever a peer does to a frame: a ProtocolException or a message, soon, and without much memory. */
    @ParameterizedTest
    @MethodSource("messageTypes")
    void changedBytesGiveAMessageOrAProtocolException(FrameType type) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        int[] refused = {0};
        long[] most = {0};
        Assertions.assertTimeout(Waiting.LIMIT, () -> {
            for (int seed = 0; seed < SEEDS; seed++) {
                Random random = new Random(seed);
                byte[] whole = MessageCodec.encode(SampleMessages.random(type, random));
                for (int i = 0; i < FLIPS_A_SEED; i++) {
                    byte[] frame = changed(whole, random);
                    long before = threads.getThreadAllocatedBytes(thread);
                    try {
                        Message message = decode(frame);
                        most[0] = Math.max(most[0], threads.getThreadAllocatedBytes(thread) - before);
                        assertThat(message.type().code()).isEqualTo(frame[4]);
                    } catch (ProtocolException e) {
                        most[0] = Math.max(most[0], threads.getThreadAllocatedBytes(thread) - before);
                        assertThat(e).hasMessageMatching("(?s).{10,}");
                        refused[0]++;
                    } catch (RuntimeException e) {
                        throw new AssertionError("seed " + seed + ", change " + i, e);
                    }
                }
            }
        });
        assertThat(refused[0]).as("frames that were refused").isPositive();
        assertThat(most[0]).as("bytes allocated by one decode").isLessThan(MOST_BYTES_A_DECODE);
    }

    /** One to four bytes changed: any, or a piece of them to the values that lengths break at. */
    private static byte[] changed(byte[] whole, Random random) {
        byte[] frame = whole.clone();
        int changes = random.nextInt(1, 5);
        if (random.nextInt(4) == 0) {
            byte value = random.nextBoolean() ? (byte) 0xff : 0x7f;
            int at = random.nextInt(frame.length);
            for (int i = at; i < Math.min(frame.length, at + changes); i++) {
                frame[i] = value;
            }
            return frame;
        }
        for (int i = 0; i < changes; i++) {
            frame[random.nextInt(frame.length)] ^= (byte) random.nextInt(1, 256);
        }
        return frame;
    }

    @ParameterizedTest
    @MethodSource("recordTypes")
    void aFrameOfRecordsIsNoMessage(FrameType type) {
        assertRefused(frameWithBody(type, new byte[0]), "a " + type + " frame where a message must be");
    }

    @Test
    void anotherVersionIsRefusedNamingBoth() {
        byte[] frame = fixed(FrameType.HELLO);
        frame[VERSION_AT] = Message.Hello.VERSION + 1;
        assertRefused(
                frame,
                "protocol version " + (Message.Hello.VERSION + 1) + ", this destination " + Message.Hello.VERSION);
    }

    @Test
    void anotherVersionIsRefusedWhateverFollows() {
        assertRefused(frameWithBody(FrameType.HELLO, new byte[] {9, 1, 2, 3}), "protocol version 265");
    }

    @Test
    void aGuestWhoseBlocksAreNotItsDescriptionsIsRefused() {
        Message.Hello hello = (Message.Hello) message(FrameType.HELLO);
        assertRefused(
                MessageCodec.encode(withBlocks(hello, hello.blocks().subList(0, 2))),
                "a guest whose RAM blocks are not those of its description");
        Message.Hello.Block ram = hello.blocks().get(0);
        assertRefused(
                MessageCodec.encode(withBlocks(
                        hello,
                        List.of(ram, hello.blocks().get(2), hello.blocks().get(1)))),
                "a guest whose RAM blocks are not those of its description");
    }

    @Test
    void aMemfdMustComeWithSharedMemoryAndOnlyWithIt() {
        Message.Hello hello = (Message.Hello) message(FrameType.HELLO);
        Message.Hello.Block ram = hello.blocks().get(0);
        Message.Hello.Block rom = hello.blocks().get(2);
        Message.Hello.Block without = new Message.Hello.Block(ram.spec(), ram.address(), null);
        Message.Hello.Block with = new Message.Hello.Block(rom.spec(), rom.address(), ram.file());
        assertThat(rom.spec().backing()).isEqualTo(Backing.ANONYMOUS);
        assertRefused(
                MessageCodec.encode(withBlocks(hello, List.of(without))),
                "RAM block ram is memfd and comes without a file");
        assertRefused(
                MessageCodec.encode(withBlocks(hello, List.of(with))),
                "RAM block rom is anonymous and comes with a file");
    }

    private static Message.Hello withBlocks(Message.Hello hello, List<Message.Hello.Block> blocks) {
        return new Message.Hello(
                hello.version(),
                hello.pid(),
                hello.ownerEpoch(),
                hello.mechanism(),
                hello.schedule(),
                hello.gifts(),
                hello.populate(),
                hello.pagePipe(),
                hello.guest(),
                hello.scenario(),
                hello.token(),
                hello.oracle(),
                hello.console(),
                hello.frames(),
                blocks);
    }

    @Test
    void filesComeInTheOrderInWhichTheyArePassed() {
        Message.Hello hello = (Message.Hello) message(FrameType.HELLO);
        assertThat(hello.files()).extracting(Message.Hello.File::descriptor).containsExactly(5, 6, 7, 8, 9, 10);
    }

    @Test
    void aLengthIsCheckedBeforeAnythingIsAllocated() {
        byte[] huge = {-1, -1, -1, 0x7f};
        assertRefused(frameWithBody(FrameType.FAILED, huge), "a FAILED frame that ends too early");
        byte[] negative = {-1, -1, -1, -1};
        assertRefused(frameWithBody(FrameType.FAILED, negative), "a FAILED frame that ends too early");
    }

    @Test
    void negativeHolesAndNoBlocksAreRefused() {
        Message.SourceFigures none = new Message.SourceFigures(0, 0, 0, false, 0);
        assertRefused(MessageCodec.encode(new Message.End(List.of(-1L), none)), "END: holes -1");
        assertRefused(MessageCodec.encode(new Message.End(List.of(), none)), "END: RAM blocks 0");
    }

    @Test
    void aFlagIsZeroOrOne() {
        byte[] frame = fixed(FrameType.END);
        frame[frame.length - 9] = 2; // framesVisible, before the last number
        assertRefused(frame, "END: a flag 2 is not in 0 to 1");
    }

    @Test
    void anUnknownConstantIsRefused() {
        byte[] frame = fixed(FrameType.HELLO);
        int mechanism = FrameHeader.BYTES + 2 + 4 + 4 + 4;
        frame[mechanism] = 'X';
        assertRefused(frame, "a HELLO frame that makes no sense");
        assertRefused(frame, "XLIP");
    }

    @ParameterizedTest
    @EnumSource(
            value = FrameType.class,
            names = {"FAILED", "CANCEL"})
    void aLongReasonIsCutAndStillFits(FrameType type) throws ProtocolException {
        String longest = "\u20ac".repeat(5000);
        Message message = type == FrameType.FAILED ? new Message.Failed(longest) : new Message.Cancel(longest);
        Message decoded = decode(MessageCodec.encode(message));
        String reason =
                decoded instanceof Message.Failed failed ? failed.reason() : ((Message.Cancel) decoded).reason();
        assertThat(reason).isEqualTo("\u20ac".repeat(500));
    }
}
