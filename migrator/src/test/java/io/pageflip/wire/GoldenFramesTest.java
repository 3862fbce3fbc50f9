package io.pageflip.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The protocol, byte for byte. Whoever changes a byte changes {@link Message.Hello#VERSION}. */
final class GoldenFramesTest {
    private static final Map<String, String> GOLDEN = read();

    /** Lengths of the bodies that the headers of record frames announce in the file. */
    private static final Map<FrameType, Integer> BODIES = new EnumMap<>(Map.ofEntries(
            Map.entry(FrameType.EXPECT, 16),
            Map.entry(FrameType.PREPARE, 0),
            Map.entry(FrameType.ROUND, 0),
            Map.entry(FrameType.MAP, 32),
            Map.entry(FrameType.GIFT, 4080),
            Map.entry(FrameType.BYTES, 16),
            Map.entry(FrameType.SPLICE, 16),
            Map.entry(FrameType.PULL, 32),
            Map.entry(FrameType.ZERO, 48),
            Map.entry(FrameType.FUSE, 16),
            Map.entry(FrameType.POSTCOPY, 64)));

    private static Map<String, String> read() {
        Map<String, String> golden = new HashMap<>();
        try (InputStream file = GoldenFramesTest.class.getResourceAsStream("frames-v7.txt")) {
            for (String line : new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (!line.startsWith("#")) {
                    int blank = line.indexOf(' ');
                    golden.put(line.substring(0, blank), line.substring(blank + 1));
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return golden;
    }

    private static ByteBuffer bytes(String name) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(GOLDEN.get(name))).order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest
    @EnumSource
    void everyTypeHasGoldenBytes(FrameType type) {
        assertThat(GOLDEN).containsKey(type.name());
    }

    @Test
    void typesAreNumberedFromOneWithoutAGap() {
        assertThat(FrameType.values())
                .extracting(FrameType::code)
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    }

    @ParameterizedTest
    @MethodSource("io.pageflip.wire.SampleMessages#fixed")
    void messageIsEncodedAsEver(Message message) {
        assertThat(HexFormat.of().formatHex(MessageCodec.encode(message)))
                .isEqualTo(GOLDEN.get(message.type().name()));
    }

    @ParameterizedTest
    @MethodSource("io.pageflip.wire.SampleMessages#fixed")
    void messageIsDecodedAsEver(Message message) throws ProtocolException {
        ByteBuffer frame = bytes(message.type().name());
        FrameHeader header = FrameHeader.read(frame, 0);
        assertThat(header).isEqualTo(new FrameHeader(message.type(), frame.limit() - FrameHeader.BYTES));
        Message decoded = MessageCodec.decode(header.type(), frame.position(FrameHeader.BYTES));
        assertThat(decoded).usingRecursiveComparison().isEqualTo(message);
    }

    @ParameterizedTest
    @EnumSource(
            names = {"EXPECT", "PREPARE", "ROUND", "MAP", "GIFT", "BYTES", "SPLICE", "PULL", "ZERO", "FUSE", "POSTCOPY"
            })
    void headerOfRecordsIsAsEver(FrameType type) throws ProtocolException {
        int body = BODIES.get(type);
        ByteBuffer written = ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(written, 0, type, body);
        assertThat(HexFormat.of().formatHex(written.array())).isEqualTo(GOLDEN.get(type.name()));
        assertThat(FrameHeader.read(bytes(type.name()), 0)).isEqualTo(new FrameHeader(type, body));
    }

    @Test
    void recordIsAsEver() {
        ByteBuffer written = ByteBuffer.allocate(PageRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        PageRecord.put(written, 0, 2, 5, 512, 0x1234567890L);
        assertThat(HexFormat.of().formatHex(written.array())).isEqualTo(GOLDEN.get("record"));
        ByteBuffer read = bytes("record");
        assertThat(PageRecord.block(read, 0)).isEqualTo(2);
        assertThat(PageRecord.reasonCode(read, 0)).isEqualTo(5);
        assertThat(PageRecord.count(read, 0)).isEqualTo(512);
        assertThat(PageRecord.first(read, 0)).isEqualTo(0x1234567890L);
    }
}
