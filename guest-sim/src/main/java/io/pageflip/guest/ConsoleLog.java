package io.pageflip.guest;

import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.SyscallException;

/**
 * The output of the guest's console: outside the guest, and common to both agents, as a terminal would be. It is a
 * memfd that keeps the last {@link #RING_BYTES} bytes, and counts all of them. Every write appends, so bytes that are
 * put out twice are there twice.
 *
 * <pre>
 *   0   u64  bytes ever appended
 *  64        ring
 * </pre>
 */
public final class ConsoleLog implements AutoCloseable {
    static final int RING_BYTES = 1 << 20;

    private static final int RING = 64;
    private static final int BYTES = RING + RING_BYTES;

    private final MemFd file;
    private final Mapping mapping;
    private final NativeBuffer one = NativeBuffer.allocate(ConsoleDevice.FIFO_BYTES);

    private ConsoleLog(MemFd file, Mapping mapping) {
        this.file = file;
        this.mapping = mapping;
    }

    public static ConsoleLog create() throws SyscallException {
        return attach(MemFd.create("console", BYTES, false));
    }

    /** Maps the log that another process made; takes over {@code file}. */
    public static ConsoleLog attach(MemFd file) throws SyscallException {
        try {
            return new ConsoleLog(file, Mapping.shared(file));
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The length of its memfd. */
    public static long lengthBytes() {
        return BYTES;
    }

    public MemFd file() {
        return file;
    }

    /** Bytes ever appended. */
    long appended() {
        return mapping.getLong(0);
    }

    /** Appends the first {@code count} bytes. */
    void append(byte[] bytes, int count) {
        long at = appended();
        for (int i = 0; i < count; i++) {
            one.bytes().put(0, bytes[i]);
            mapping.copyIn(RING + Math.floorMod(at + i, (long) RING_BYTES), one, 1);
        }
        mapping.setLong(0, at + count);
    }

    /** The byte that was appended as number {@code index}, one of the last {@link #RING_BYTES}. */
    byte byteAt(long index) {
        mapping.copyOut(RING + Math.floorMod(index, (long) RING_BYTES), one, 1);
        return one.bytes().get(0);
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
