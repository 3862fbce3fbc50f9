package io.pageflip.source;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.WaitGuard;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whoever reads our standard output, a shell's pipe. It cannot answer; that it is ready shows in the pipe being empty,
 * that it has taken the guest in the run token, and that it is gone in the pipe having no reader.
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
        ProcessMemory.allowReader(0); // who reads is known only when it does
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
        // Few records are ever written: nothing but asking tells that the reader is dead. A call in eight costs little.
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
        return false; // nobody can connect a shell pipe again
    }

    @Override
    public void cancel(String reason) {
        // The end of the stream says it.
    }

    @Override
    public void awaitResumed() {
        // The epoch said it.
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
