package io.pageflip.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FrameHeaderTest {
    private final ByteBuffer header = ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private void assertRefused(String message) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> FrameHeader.read(header, 0))
                .withMessage(message);
    }

    @ParameterizedTest
    @EnumSource
    void longestBodyIsAllowed(FrameType type) throws ProtocolException {
        FrameHeader.put(header, 0, type, type.maxBody());
        assertThat(FrameHeader.read(header, 0)).isEqualTo(new FrameHeader(type, type.maxBody()));
    }

    @ParameterizedTest
    @EnumSource
    void longerBodyIsRefused(FrameType type) {
        FrameHeader.put(header, 0, type, type.maxBody() + 1);
        assertRefused("a " + type + " frame of " + (type.maxBody() + 1) + " bytes; at most " + type.maxBody()
                + " are allowed");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE})
    void negativeLengthIsRefused(int length) {
        FrameHeader.put(header, 0, FrameType.COMPLETED, length);
        assertRefused("a COMPLETED frame of " + length + " bytes; at most 1048576 are allowed");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 20, 0xffff})
    void unknownTypeIsRefused(int code) {
        FrameHeader.put(header, 0, FrameType.PREPARE, 0);
        header.putShort(4, (short) code);
        assertRefused("frame of unknown type " + code);
    }

    @Test
    void wrongMagicIsRefused() {
        header.put("GET / HTTP/1".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        assertRefused("no frame: it starts with 0x47455420, not with \"PGFL\"");
    }

    @Test
    void zeroesAreNoFrame() {
        assertRefused("no frame: it starts with 0x00000000, not with \"PGFL\"");
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7})
    void reservedBytesMustBeZero(int at) {
        FrameHeader.put(header, 0, FrameType.PREPARE, 0);
        header.put(at, (byte) 1);
        assertRefused("a frame whose reserved bytes are not zero");
    }

    @Test
    void readsAndWritesWhereItIsTold() throws ProtocolException {
        ByteBuffer longer = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(longer, 17, FrameType.ZERO, 32);
        assertThat(FrameHeader.read(longer, 17)).isEqualTo(new FrameHeader(FrameType.ZERO, 32));
        assertThat(longer.position()).isZero();
    }
}
