package io.pageflip.destination;

import io.pageflip.channel.CancelledException;
import io.pageflip.channel.ControlConnection;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.MessageText;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A source that has connected to our Unix socket. */
public final class ConnectedSource implements SourceLink {
    /**
     * A peer that does not send HELLO within this time is not taken for a source. On a busy machine a source needs some
     * seconds before it does, to make the guest's memory and to load its code.
     */
    private static final int HELLO_TIMEOUT_S = 30;

    /** Shorter, because a source that connects again has everything at hand, and a guest waits for it. */
    private static final int RECOVER_TIMEOUT_S = 5;

    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final EventLog EVENTS = EventLog.of("destination");

    private final Message.Hello hello;
    private final List<Fd> files;
    private final String path;
    private final NanoClock clock;
    private volatile ControlConnection control;
    private final StreamReader stream;
    private final InactivityTimeout silence;
    private final WaitGuard cancellation;

    private ConnectedSource(
            Message.Hello hello,
            String path,
            List<Fd> descriptors,
            ControlConnection control,
            NanoClock clock,
            WaitGuard cancellation) {
        this.hello = hello;
        this.path = path;
        this.clock = clock;
        this.control = control;
        this.cancellation = cancellation;
        this.silence = new InactivityTimeout(clock, this);
        Fd streamFd = descriptors.get(0);
        int taken = hello.pagePipe() ? 2 : 1;
        // Without a page pipe, vmspliced pages come through the stream itself: nothing may be read ahead of them.
        boolean shared = hello.mechanism() == io.pageflip.request.Mechanism.GIFT && !hello.pagePipe();
        Fd pages = hello.pagePipe() ? descriptors.get(1) : streamFd;
        this.stream = new StreamReader(streamFd, pages, shared, silence, EVENTS);
        this.files = new ArrayList<>(descriptors.subList(taken, descriptors.size()));
    }

    /**
     * Receives the greeting of a peer that has connected. Takes {@code socket} over, and closes it on failure.
     *
     * @param path at which it has connected; if the connection breaks, it can connect there again, so the caller
     *     removes the socket by then
     * @param cancellation asked while waiting
     * @throws IOException if the peer belongs to a user other than this one and root, sends nothing, or sends anything
     *     but a greeting in our version of the protocol; the peer has been told so, if possible
     */
    public static ConnectedSource accept(UnixSocket socket, String path, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        List<Fd> descriptors = new ArrayList<>();
        try {
            checkUser(socket);
            Message.Hello hello = (Message.Hello)
                    readFirst(FrameType.HELLO, socket, descriptors, new InactivityTimeout(clock, cancellation));
            int streams = hello.pagePipe() ? 2 : 1;
            if (descriptors.size() != streams + hello.files().size()) {
                throw new ProtocolException("a greeting with " + descriptors.size() + " descriptors; it names "
                        + (streams + hello.files().size()));
            }
            for (Fd descriptor : descriptors.subList(0, streams)) {
                descriptor.setNonBlocking(); // else a read could block for ever
            }
            ControlConnection control = ControlConnection.over(socket.fd(), EVENTS);
            return new ConnectedSource(hello, path, descriptors, control, clock, cancellation);
        } catch (IOException | RuntimeException e) {
            descriptors.forEach(Fd::close);
            refuse(socket, e);
            throw e;
        }
    }

    private static PeerCredentials checkUser(UnixSocket socket) throws IOException {
        PeerCredentials peer = socket.peer();
        if (peer.uid() != Proc.uid() && peer.uid() != 0) {
            throw new IOException("a connection of user " + peer.uid() + ", who is neither this user nor root");
        }
        return peer;
    }

    /** Reads the first message of a connection, which must be of {@code type}. */
    private static Message readFirst(FrameType type, UnixSocket socket, List<Fd> descriptors, InactivityTimeout silence)
            throws IOException {
        NativeBuffer buffer = NativeBuffer.allocate(FrameHeader.BYTES + type.maxBody());
        silence.limitSeconds(type == FrameType.HELLO ? HELLO_TIMEOUT_S : RECOVER_TIMEOUT_S);
        int received = 0;
        int wanted = FrameHeader.BYTES;
        while (received < wanted) {
            while (!socket.awaitReadable(InactivityTimeout.SLICE_MS)) {
                silence.check("the source's greeting");
            }
            int count = socket.receive(buffer, received, wanted - received, descriptors);
            if (count == 0) {
                throw new PeerGoneException("a connection that was closed without a greeting");
            }
            received += count;
            silence.check("the source's greeting"); // also if the peer sends single bytes
            if (received == FrameHeader.BYTES) {
                FrameHeader header = FrameHeader.read(buffer.bytes(), 0);
                if (header.type() != type) {
                    throw new ProtocolException(
                            "a connection that starts with " + header.type() + ", not with " + type);
                }
                wanted += header.bodyLength();
            }
        }
        buffer.bytes().limit(received).position(FrameHeader.BYTES);
        Message message = MessageCodec.decode(type, buffer.bytes());
        EVENTS.event("received", new MessageText(message));
        return message;
    }

    private static void refuse(UnixSocket socket, Exception reason) {
        if (!socket.fd().isOpen()) {
            return; // the control connection has it already
        }
        try {
            byte[] frame = MessageCodec.encode(new Message.Failed(String.valueOf(reason.getMessage())));
            NativeBuffer message = NativeBuffer.allocate(frame.length);
            message.bytes().put(0, frame);
            socket.send(message, frame.length, List.of());
        } catch (IOException e) {
            reason.addSuppressed(e); // the peer does not read
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
        silence.limitSeconds(seconds);
    }

    @Override
    public void check() throws IOException {
        cancellation.check();
        if (control.hasInput()) {
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
    public boolean isConnected() {
        return control.isWhole();
    }

    @Override
    public void drop() {
        control.drop();
    }

    @Override
    public Recovery listenAgain(int ownerEpoch) throws IOException {
        return new Listening(UnixSocket.listen(path), ownerEpoch);
    }

    /** Listens at our socket's path for the source. */
    private final class Listening implements Recovery {
        private final UnixSocket listener;
        private final int ownerEpoch;

        Listening(UnixSocket listener, int ownerEpoch) {
            this.listener = listener;
            this.ownerEpoch = ownerEpoch;
        }

        @Override
        public boolean accept(int millis) throws IOException {
            UnixSocket socket = listener.accept(millis);
            if (socket == null) {
                return false;
            }
            List<Fd> descriptors = new ArrayList<>();
            try {
                recognise(socket, descriptors);
                ControlConnection broken = control;
                control = ControlConnection.over(socket.fd(), EVENTS);
                broken.close();
                return true;
            } catch (IOException | RuntimeException e) {
                refuse(socket, e);
                LOG.log(System.Logger.Level.WARNING, "not the source: {0}", e.getMessage());
                return false;
            } finally {
                descriptors.forEach(Fd::close);
            }
        }

        /**
         * Checks that the peer is the source: the process whose memory we read (the kernel says which process has
         * connected), with a descriptor of the guest's run token, in the epoch in which this agent has the guest.
         */
        private void recognise(UnixSocket socket, List<Fd> descriptors) throws IOException {
            PeerCredentials peer = checkUser(socket);
            InactivityTimeout silence = new InactivityTimeout(clock, () -> {}); // the guest is ours: too late to cancel
            Message.Recover recover = (Message.Recover) readFirst(FrameType.RECOVER, socket, descriptors, silence);
            if (peer.pid() != hello.pid()) {
                throw new ProtocolException("process " + peer.pid() + " is not the source, which is " + hello.pid());
            }
            if (descriptors.size() != 1
                    || descriptors.get(0).inode() != hello.token().inode()) {
                throw new ProtocolException("a source that does not have the guest's run token");
            }
            if (recover.ownerEpoch() != ownerEpoch) {
                throw new ProtocolException("a source that believes that the guest is in epoch " + recover.ownerEpoch()
                        + "; it is in " + ownerEpoch);
            }
        }

        @Override
        public void close() {
            listener.close();
            UnixSocket.unlink(path);
        }
    }

    @Override
    public void close() {
        stream.close();
        files.forEach(Fd::close);
        control.close();
    }
}
