package io.pageflip.wire;

import java.nio.ByteBuffer;

/**
 * The layout of a page record; read and written in place, so that the page loop allocates nothing.
 *
 * <pre>
 *   0 u16 block   2 u8 copy reason or 0   3 u8 0   4 u32 count of pages   8 u64 first page
 * </pre>
 */
public final class PageRecord {
    public static final int BYTES = FrameType.RECORD_BYTES;

    /** Records in one frame, at most. */
    public static final int MAX_IN_FRAME = FrameType.RECORDS_BYTES / BYTES;

    private PageRecord() {}

    /** Writes a record at {@code at} of a little-endian buffer. */
    public static void put(ByteBuffer buffer, int at, int block, int reasonCode, int count, long first) {
        buffer.putShort(at, (short) block)
                .put(at + 2, (byte) reasonCode)
                .put(at + 3, (byte) 0)
                .putInt(at + 4, count)
                .putLong(at + 8, first);
    }

    public static int block(ByteBuffer buffer, int at) {
        return Short.toUnsignedInt(buffer.getShort(at));
    }

    /** The code of the {@link io.pageflip.metrics.CopyReason}, or 0. */
    public static int reasonCode(ByteBuffer buffer, int at) {
        return Byte.toUnsignedInt(buffer.get(at + 2));
    }

    public static boolean reservedIsZero(ByteBuffer buffer, int at) {
        return buffer.get(at + 3) == 0;
    }

    public static int count(ByteBuffer buffer, int at) {
        return buffer.getInt(at + 4);
    }

    public static long first(ByteBuffer buffer, int at) {
        return buffer.getLong(at + 8);
    }
}
