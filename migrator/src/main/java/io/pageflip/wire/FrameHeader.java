package io.pageflip.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 12 bytes before every frame's body; the package's description has the layout.
 *
 * @param bodyLength bytes, within the type's bound
 */
public record FrameHeader(FrameType type, int bodyLength) {
    public static final int BYTES = 12;

    private static final int MAGIC = 0x4c464750; // "PGFL", read as a little-endian word

    /** Writes a header at {@code at} of a little-endian buffer. */
    public static void put(ByteBuffer buffer, int at, FrameType type, int bodyLength) {
        buffer.putInt(at, MAGIC)
                .putShort(at + 4, (short) type.code())
                .putShort(at + 6, (short) 0)
                .putInt(at + 8, bodyLength);
    }

    /** A whole frame of a type that has no body. */
    public static byte[] bodiless(FrameType type) {
        ByteBuffer frame = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        put(frame, 0, type, 0);
        return frame.array();
    }

    /** Reads and checks a header at {@code at} of a little-endian buffer. */
    public static FrameHeader read(ByteBuffer buffer, int at) throws ProtocolException {
        int magic = buffer.getInt(at);
        if (magic != MAGIC) {
            throw new ProtocolException(
                    String.format("no frame: it starts with 0x%08x, not with \"PGFL\"", Integer.reverseBytes(magic)));
        }
        if (buffer.getShort(at + 6) != 0) {
            throw new ProtocolException("a frame whose reserved bytes are not zero");
        }
        int length = buffer.getInt(at + 8);
        return new FrameHeader(FrameType.of(Short.toUnsignedInt(buffer.getShort(at + 4)), length), length);
    }
}
