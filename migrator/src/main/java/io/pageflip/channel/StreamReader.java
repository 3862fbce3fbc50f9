package io.pageflip.channel;

import io.pageflip.log.EventLog;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PageGift;
import io.pageflip.os.SyscallException;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The destination's end of the migration stream, and of the page pipe, through which vmspliced pages come; the two may
 * be one pipe. Owns both. One thread reads.
 *
 * <p>{@link #next} reads a frame's header and body; bytes that follow a frame (pages) are read straight into guest
 * memory, by {@link #readInto} or {@link #vmsplice}.
 */
public final class StreamReader implements AutoCloseable {
    /**
     * Holds the longest frame of a stream. A larger buffer would only take in more bytes of pages, which are then
     * copied once more.
     */
    private static final int BUFFER_BYTES = 20 << 10;

    /** Minimum number of bytes that one read asks for, unless the reader is {@code exact}. */
    private static final int READ_AHEAD_BYTES = 4 << 10;

    private final Fd stream;
    private final Fd pages;
    private final boolean exact;
    private final InactivityTimeout timeout;
    private final EventLog log;
    private final PageGift gift = new PageGift();
    private final NativeBuffer buffer = NativeBuffer.allocate(BUFFER_BYTES);
    private long spinUntilNs;
    private long spinNs;
    private int position;
    private int limit;
    private int bodyStart;

    /** As below, without a log. */
    public StreamReader(Fd stream, Fd pages, boolean exact, InactivityTimeout timeout) {
        this(stream, pages, exact, timeout, EventLog.NONE);
    }

    /**
     * @param stream non-blocking
     * @param pages the pipe for vmspliced pages, non-blocking; may be {@code stream}
     * @param exact whether no byte beyond the current frame may be read
     * @param timeout limits the wait for a source that does not write
     * @param log gets an event for each frame that carries no page records
     */
    public StreamReader(Fd stream, Fd pages, boolean exact, InactivityTimeout timeout, EventLog log) {
        this.stream = stream;
        this.pages = pages;
        this.exact = exact;
        this.timeout = timeout;
        this.log = log;
    }

    /**
     * Reads the next frame; {@link #body} is valid until the next call.
     *
     * @throws PeerGoneException at the end of the stream, also in the middle of a frame
     */
    public FrameHeader next() throws IOException {
        buffer.bytes().clear();
        need(FrameHeader.BYTES);
        FrameHeader header = FrameHeader.read(buffer.bytes(), position);
        need(FrameHeader.BYTES + header.bodyLength());
        bodyStart = position + FrameHeader.BYTES;
        position = bodyStart + header.bodyLength();
        buffer.bytes().limit(position).position(bodyStart);
        if (log.isOn() && !header.type().carriesRecords()) {
            log.event("received", header.type());
        }
        return header;
    }

    /** Waits at most {@code millis} until something has come, or the stream has ended. */
    public boolean awaitReadable(int millis) throws IOException {
        return position < limit || stream.awaitReadable(millis);
    }

    /** The body of the frame read last, between position and limit. */
    public ByteBuffer body() {
        return buffer.bytes();
    }

    /**
     * From now on the source is expected to write soon: waits spin before they sleep, because an idle processor takes
     * up to milliseconds to wake up.
     *
     * @param firstNs how long to spin for the next bytes, in nanoseconds
     * @param thenNs how long to spin after each read that got bytes, in nanoseconds
     */
    public void expectSoon(long firstNs, long thenNs) {
        spinNs = thenNs;
        spinUntilNs = timeout.nowNs() + firstNs;
    }

    /** Makes {@code bytes} bytes from {@link #position} on available. */
    private void need(int bytes) throws IOException {
        if (bytes > BUFFER_BYTES) {
            throw new ProtocolException("a frame of " + bytes + " bytes in the migration stream");
        }
        if (position + Math.max(bytes, READ_AHEAD_BYTES) > BUFFER_BYTES) {
            ByteBuffer view = buffer.bytes().limit(limit).position(position);
            view.compact().clear();
            limit -= position;
            position = 0;
        }
        while (limit - position < bytes) {
            int missing = bytes - (limit - position);
            int wanted = exact ? missing : Math.min(BUFFER_BYTES - limit, Math.max(missing, READ_AHEAD_BYTES));
            limit += (int)
                    progressed(stream, stream.read(buffer, limit, wanted), missing, "read from the migration stream");
        }
    }

    /** Reads the {@code length} bytes that follow the frame into a mapping. */
    public void readInto(Mapping to, long offset, long length) throws IOException {
        int buffered = (int) Math.min(length, limit - position);
        if (buffered > 0) {
            to.copyIn(offset, buffer, position, buffered);
            position += buffered;
        }
        long done = buffered;
        while (done < length) {
            done += progressed(
                    stream,
                    stream.read(to, offset + done, length - done),
                    length - done,
                    "read from the migration stream");
        }
    }

    /**
     * Takes {@code length} bytes out of the page pipe into a mapping with vmsplice(2).
     *
     * @param move whether to ask the kernel to move pages
     */
    public void vmsplice(Mapping to, long offset, long length, boolean move) throws IOException {
        long done = 0;
        while (done < length) {
            done += progressed(
                    pages,
                    gift.take(pages, to, offset + done, length - done, move),
                    length - done,
                    "vmsplice out of the page pipe");
        }
    }

    /**
     * Returns the bytes that a call has transferred, of {@code wanted}. If it could transfer none yet, waits a while
     * and returns 0.
     */
    private long progressed(Fd fd, long result, long wanted, String operation) throws IOException {
        if (result > 0) {
            long nowNs = timeout.renew(result >= wanted);
            spinUntilNs = Math.max(spinUntilNs, nowNs + spinNs);
            return result;
        }
        if (result == 0 || result == -Errno.ECONNRESET) {
            throw new PeerGoneException("the source has closed the migration stream");
        }
        if (result != -Errno.EAGAIN) {
            throw new SyscallException(operation, (int) -result);
        }
        if (spinUntilNs != 0 && timeout.nowNs() < spinUntilNs) {
            Thread.onSpinWait();
            return 0;
        }
        if (!fd.awaitReadable(InactivityTimeout.SLICE_MS)) {
            timeout.check("the source to send");
        }
        return 0;
    }

    @Override
    public void close() {
        stream.close();
        pages.close();
    }
}
