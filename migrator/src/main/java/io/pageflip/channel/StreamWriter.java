package io.pageflip.channel;

import io.pageflip.log.EventLog;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PageGift;
import io.pageflip.os.SyscallException;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.FrameHeader;
import java.io.IOException;

/**
 * The source's end of the migration stream (a non-blocking socket or pipe), and of the page pipe, into which pages are
 * vmspliced; the two may be one pipe. Owns both. One thread writes.
 */
public final class StreamWriter implements AutoCloseable {
    private final Fd stream;
    private final Fd pages;
    private final InactivityTimeout timeout;
    private final EventLog log;
    private final PageGift gift = new PageGift();
    private final NativeBuffer small;
    private WaitGuard limit = () -> {};
    private long transferredBytes;

    /** As below, without a log. */
    public StreamWriter(Fd stream, Fd pages, InactivityTimeout timeout) {
        this(stream, pages, timeout, EventLog.NONE);
    }

    /**
     * @param stream non-blocking
     * @param pages the pipe for vmspliced pages, non-blocking; may be {@code stream}
     * @param timeout limits the wait for a destination that does not read
     * @param log gets an event for each frame that carries no page records
     */
    public StreamWriter(Fd stream, Fd pages, InactivityTimeout timeout, EventLog log) {
        this.stream = stream;
        this.pages = pages;
        this.timeout = timeout;
        this.log = log;
        this.small = NativeBuffer.allocate(32 << 10);
    }

    /** Bytes written so far, vmspliced ones included. */
    public long transferredBytes() {
        return transferredBytes;
    }

    /** From now on {@code guard} is asked as well, also while the destination reads, however slowly. */
    public void limitBy(WaitGuard guard) {
        limit = guard;
    }

    /** Writes an encoded frame of at most 32 KiB that carries no page records. */
    public void write(byte[] frame) throws IOException {
        long sinceNs = log.nowNs();
        small.bytes().put(0, frame);
        write(small, frame.length);
        if (sinceNs != 0) {
            log.eventAt(sinceNs, "sent", FrameHeader.read(small.bytes(), 0).type());
        }
    }

    /** Writes the first {@code length} bytes of {@code from}. */
    public void write(NativeBuffer from, int length) throws IOException {
        int done = 0;
        while (done < length) {
            done += (int) progressed(
                    stream, stream.write(from, done, length - done), length - done, "write to the migration stream");
        }
        transferredBytes += length;
    }

    /** Writes {@code length} bytes of a mapping. */
    public void write(Mapping from, long offset, long length) throws IOException {
        long done = 0;
        while (done < length) {
            done += progressed(
                    stream,
                    stream.write(from, offset + done, length - done),
                    length - done,
                    "write to the migration stream");
        }
        transferredBytes += length;
    }

    /**
     * Puts a range of a mapping into the page pipe with vmsplice(2). The reader can only copy a part that is not a
     * whole page.
     *
     * @param asGift whether to gift the pages
     */
    public void vmsplice(Mapping from, long offset, long length, boolean asGift) throws IOException {
        long done = 0;
        while (done < length) {
            done += progressed(
                    pages,
                    gift.give(pages, from, offset + done, length - done, asGift),
                    length - done,
                    "vmsplice into the page pipe");
        }
        transferredBytes += length;
    }

    /**
     * Returns the bytes that a call has transferred, of {@code wanted}. If it could transfer none yet, waits a while
     * and returns 0.
     */
    private long progressed(Fd fd, long result, long wanted, String operation) throws IOException {
        if (result > 0) {
            timeout.renew(result >= wanted);
            limit.check();
            return result;
        }
        if (result == -Errno.EPIPE || result == -Errno.ECONNRESET) {
            throw new PeerGoneException("the destination has closed the migration stream");
        }
        if (result != -Errno.EAGAIN) {
            throw new SyscallException(operation, (int) -result);
        }
        if (!fd.awaitWritable(InactivityTimeout.SLICE_MS)) {
            timeout.check("the destination to read");
        }
        limit.check();
        return 0;
    }

    /** Waits until the reader has taken everything out of the stream. */
    public void awaitDrained() throws IOException {
        // A pipe cannot be polled for emptiness. This loop runs before the downtime, so a few wake-ups a millisecond
        // do no harm.
        while (stream.unreadBytes() > 0) {
            if (readerGone()) {
                throw new PeerGoneException("the destination has closed the migration stream");
            }
            timeout.check("the destination to read");
            java.util.concurrent.locks.LockSupport.parkNanos(200_000);
        }
        timeout.renew(true);
    }

    /** Whether the reader has closed its end. */
    public boolean readerGone() throws SyscallException {
        return stream.peerGone();
    }

    @Override
    public void close() {
        stream.close();
        pages.close();
    }
}
