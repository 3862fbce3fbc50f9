package io.pageflip.destination;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A source that writes to our standard input through a shell's pipe. Nothing can be sent to it. Its memfds are opened
 * through {@code /proc/PID/fd}, and {@link DestinationMemory} checks their inode numbers, because the process may be
 * gone, and its number may be another process's.
 */
public final class PipedSource implements SourceLink {
    private final Message.Hello hello;
    private final StreamReader stream;
    private final InactivityTimeout silence;
    private final WaitGuard cancellation;

    private PipedSource(Message.Hello hello, StreamReader stream, InactivityTimeout silence, WaitGuard cancellation) {
        this.hello = hello;
        this.stream = stream;
        this.silence = silence;
        this.cancellation = cancellation;
    }

    /**
     * Takes over a pipe's read end, and waits for the greeting.
     *
     * @param input non-blocking
     * @param cancellation asked while waiting
     */
    public static PipedSource over(Fd input, NanoClock clock, WaitGuard cancellation) throws IOException {
        InactivityTimeout silence = new InactivityTimeout(clock, cancellation);
        // Nothing is read ahead: an empty pipe tells the source that everything it sent was done.
        StreamReader stream = new StreamReader(input, input, true, silence, EventLog.of("destination"));
        try {
            FrameHeader header = stream.next();
            if (header.type() != FrameType.HELLO) {
                throw new ProtocolException("standard input starts with " + header.type() + ", not with HELLO");
            }
            Message.Hello hello = (Message.Hello) MessageCodec.decode(header.type(), stream.body());
            if (hello.pagePipe()) {
                throw new ProtocolException("a pipe for pages was announced, and none can be passed here");
            }
            return new PipedSource(hello, stream, silence, cancellation);
        } catch (IOException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    @Override
    public Message.Hello hello() {
        return hello;
    }

    @Override
    public List<Fd> openFiles() throws IOException {
        List<Fd> opened = new ArrayList<>();
        try {
            for (Message.Hello.File file : hello.files()) {
                opened.add(Fd.openOfProcess(hello.pid(), file.descriptor()));
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.forEach(Fd::close);
            throw e;
        }
    }

    @Override
    public StreamReader stream() {
        return stream;
    }

    @Override
    public void limitPreparation(long seconds) {
        silence.limitTotalSeconds(seconds, "the source to prepare");
    }

    @Override
    public void limitSilence(int seconds) {
        silence.limitSeconds(seconds);
    }

    @Override
    public void check() throws IOException {
        cancellation.check();
    }

    @Override
    public boolean isConnected() {
        return true; // nothing comes after END; the source's memory tells whether it lives
    }

    @Override
    public void drop() {
        stream.close();
    }

    @Override
    public Recovery listenAgain(int ownerEpoch) throws IOException {
        throw new IOException("a shell pipe cannot be connected again");
    }

    @Override
    public void send(Message message) {
        // Nothing flows back.
    }

    @Override
    public void close() {
        stream.close();
    }
}
