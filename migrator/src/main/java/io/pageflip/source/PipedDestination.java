package io.pageflip.source;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.WaitGuard;
import io.pageflip.request.Mechanism;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A destination that reads our standard output through a shell's pipe. It cannot answer. It is ready when the pipe is
 * empty; the run token shows when it has taken the guest; and it is gone when the pipe has no reader.
 */
public final class PipedDestination implements DestinationLink {
    private static final int PEER_CHECK_CALLS = 8;

    private final StreamWriter stream;
    private final InactivityTimeout timeout;
    private final WaitGuard cancellation;
    private int calls;
    private volatile boolean dropped;

    private PipedDestination(StreamWriter stream, InactivityTimeout timeout, WaitGuard cancellation) {
        this.stream = stream;
        this.timeout = timeout;
        this.cancellation = cancellation;
    }

    /**
     * Takes over a pipe's write end.
     *
     * @param output non-blocking
     * @param cancellation asked while waiting
     */
    public static PipedDestination over(Fd output, NanoClock clock, WaitGuard cancellation) {
        InactivityTimeout timeout = new InactivityTimeout(clock, cancellation);
        return new PipedDestination(
                new StreamWriter(output, output, timeout, EventLog.of("source")), timeout, cancellation);
    }

    @Override
    public StreamWriter greet(Message.Hello hello, List<Fd> files) throws IOException {
        if (hello.mechanism() == Mechanism.PULL) {
            ProcessMemory.allowReader(0); // any process: the reader is not known yet
        }
        stream.write(MessageCodec.encode(hello));
        return stream;
    }

    @Override
    public long awaitReady(long timeoutSeconds) throws IOException {
        timeout.limitSeconds(timeoutSeconds);
        stream.awaitDrained();
        return 0;
    }

    @Override
    public void check() throws IOException {
        cancellation.check();
        // Few records are written, so a failed write may come late: ask whether the reader is dead. One call in eight
        // is cheap.
        if (calls++ % PEER_CHECK_CALLS == 0 && stream.readerGone()) {
            throw new PeerGoneException("the destination no longer reads our standard output");
        }
    }

    @Override
    public boolean isConnected() throws IOException {
        return !dropped && !stream.readerGone();
    }

    @Override
    public void drop() {
        dropped = true;
        stream.close();
    }

    @Override
    public boolean recover(Ownership ownership) {
        return false; // a shell pipe cannot be connected again
    }

    @Override
    public void cancel(String reason) {
        // The destination sees the end of the stream.
    }

    @Override
    public void awaitResumed() {
        // The epoch in the run token has shown it already.
    }

    @Override
    public Message.@Nullable Completed awaitCompleted() {
        return null;
    }

    @Override
    public void close() {
        stream.close();
    }
}
