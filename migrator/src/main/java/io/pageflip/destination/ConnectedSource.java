package io.pageflip.destination;

import io.pageflip.channel.CancelledException;
import io.pageflip.channel.ControlConnection;
import io.pageflip.channel.Patience;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.channel.WaitGuard;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.UnixSocket;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A source that has connected to our Unix socket. */
public final class ConnectedSource implements SourceLink {
    /** Who connects says hello at once, or is not believed to be a source. */
    private static final int HELLO_TIMEOUT_S = 5;

    private final Message.Hello hello;
    private final List<Fd> files;
    private final ControlConnection control;
    private final StreamReader stream;
    private final Patience patience;
    private final WaitGuard cancellation;

    private ConnectedSource(
            Message.Hello hello,
            List<Fd> descriptors,
            ControlConnection control,
            NanoClock clock,
            WaitGuard cancellation) {
        this.hello = hello;
        this.control = control;
        this.cancellation = cancellation;
        this.patience = new Patience(clock, this);
        Fd streamFd = descriptors.get(0);
        int taken = hello.pagePipe() ? 2 : 1;
        // A gift without a pipe of its own goes through the stream: nothing may be read ahead of it.
        boolean shared = hello.mechanism() == io.pageflip.wire.Mechanism.GIFT && !hello.pagePipe();
        Fd pages = hello.pagePipe() ? descriptors.get(1) : streamFd;
        this.stream = new StreamReader(streamFd, pages, shared, patience);
        this.files = new ArrayList<>(descriptors.subList(taken, descriptors.size()));
    }

    /**
     * Takes the greeting of whoever has connected, and owns {@code socket} from now on; it is closed if that fails.
     *
     * @param cancellation asked while waiting
     * @throws IOException if it is of another user, says nothing, or something else than a greeting in our version of the
     *     protocol; it has been told so, if it can be
     */
    public static ConnectedSource accept(UnixSocket socket, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        List<Fd> descriptors = new ArrayList<>();
        try {
            PeerCredentials peer = socket.peer();
            if (peer.uid() != Proc.uid() && peer.uid() != 0) {
                throw new IOException("a connection of user " + peer.uid() + ", who is neither this user nor root");
            }
            Message.Hello hello = readHello(socket, descriptors, clock, cancellation);
            int streams = hello.pagePipe() ? 2 : 1;
            if (descriptors.size() != streams + hello.files().size()) {
                throw new ProtocolException("a greeting with " + descriptors.size() + " descriptors; it names "
                        + (streams + hello.files().size()));
            }
            for (Fd descriptor : descriptors.subList(0, streams)) {
                descriptor.setNonBlocking(); // as ours are; a source that forgot it could keep us waiting for ever
            }
            ControlConnection control = ControlConnection.over(socket.fd());
            return new ConnectedSource(hello, descriptors, control, clock, cancellation);
        } catch (IOException | RuntimeException e) {
            descriptors.forEach(Fd::close);
            refuse(socket, e);
            throw e;
        }
    }

    private static Message.Hello readHello(
            UnixSocket socket, List<Fd> descriptors, NanoClock clock, WaitGuard cancellation) throws IOException {
        NativeBuffer buffer = NativeBuffer.allocate(FrameHeader.BYTES + FrameType.HELLO.maxBody());
        Patience patience = new Patience(clock, cancellation);
        patience.limitSeconds(HELLO_TIMEOUT_S);
        int received = 0;
        int wanted = FrameHeader.BYTES;
        while (received < wanted) {
            while (!socket.awaitReadable(Patience.SLICE_MS)) {
                patience.check("the source's greeting");
            }
            int count = socket.receive(buffer, received, wanted - received, descriptors);
            if (count == 0) {
                throw new PeerGoneException("a connection that was closed without a greeting");
            }
            received += count;
            patience.check("the source's greeting"); // also of a peer that keeps us awake, byte by byte
            if (received == FrameHeader.BYTES) {
                FrameHeader header = FrameHeader.read(buffer.bytes(), 0);
                if (header.type() != FrameType.HELLO) {
                    throw new ProtocolException("a connection that starts with " + header.type() + ", not with HELLO");
                }
                wanted += header.bodyLength();
            }
        }
        buffer.bytes().limit(received).position(FrameHeader.BYTES);
        return (Message.Hello) MessageCodec.decode(FrameType.HELLO, buffer.bytes());
    }

    private static void refuse(UnixSocket socket, Exception reason) {
        if (!socket.fd().isOpen()) {
            return; // the control connection had it already
        }
        try {
            byte[] frame = MessageCodec.encode(new Message.Failed(String.valueOf(reason.getMessage())));
            NativeBuffer message = NativeBuffer.allocate(frame.length);
            message.bytes().put(0, frame);
            socket.send(message, frame.length, List.of());
        } catch (IOException e) {
            reason.addSuppressed(e); // it does not listen
        } finally {
            socket.close();
        }
    }

    @Override
    public Message.Hello hello() {
        return hello;
    }

    @Override
    public List<Fd> openFiles() {
        List<Fd> opened = new ArrayList<>(files);
        files.clear();
        return opened;
    }

    @Override
    public StreamReader stream() {
        return stream;
    }

    @Override
    public void limitSilence(int seconds) {
        patience.limitSeconds(seconds);
    }

    @Override
    public void check() throws IOException {
        cancellation.check();
        if (control.hasNews()) {
            Message news = control.poll(0);
            if (news instanceof Message.Cancel cancel) {
                throw new CancelledException("the source has given up: " + cancel.reason());
            }
            if (news != null) {
                throw new ProtocolException(
                        "the source sent a " + news.type() + " message, which does not belong here");
            }
        }
    }

    @Override
    public void send(Message message) throws IOException {
        control.send(message);
    }

    @Override
    public void close() {
        stream.close();
        files.forEach(Fd::close);
        control.close();
    }
}
