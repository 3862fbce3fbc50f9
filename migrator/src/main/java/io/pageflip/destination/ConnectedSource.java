package io.pageflip.destination;

import io.pageflip.channel.CancelledException;
import io.pageflip.channel.ControlConnection;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.WaitGuard;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A source that has connected to our Unix socket. */
public final class ConnectedSource implements SourceLink {
    /**
     * A peer that does not send HELLO within this time is not taken for a source. On a busy machine a source needs some
     * seconds before it does, to make the guest's memory and to load its code.
     */
    static final int HELLO_TIMEOUT_S = 120;

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
     * Waits for the greeting of a peer that has connected. Takes {@code socket} over, and closes it on failure.
     *
     * @param path at which it has connected; if the connection breaks, it can connect there again, so the caller
     *     removes the socket by then
     * @param cancellation asked while waiting
     * @throws IOException if the peer belongs to a user other than this one and root, sends nothing, or sends anything
     *     but a greeting in our version of the protocol; the peer has been told so, if possible
     */
    public static ConnectedSource accept(UnixSocket socket, String path, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        return accept(socket, path, true, clock, cancellation);
    }

    /**
     * As above, for a connection that somebody else made and passed to this process: then the kernel knows that one,
     * and not the source, as the peer. If it breaks, it cannot be made again.
     */
    public static ConnectedSource acceptPassed(UnixSocket socket, String name, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        return accept(socket, name, false, clock, cancellation);
    }

    private static ConnectedSource accept(
            UnixSocket socket, String path, boolean direct, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        FirstMessage first = new FirstMessage(socket, FrameType.HELLO, HELLO_TIMEOUT_S, clock);
        try {
            while (first.read(InactivityTimeout.SLICE_MS) == null) {
                cancellation.check();
            }
        } catch (IOException | RuntimeException e) {
            first.refuse(e);
            throw e;
        }
        return accept(first, path, direct, clock, cancellation);
    }

    /** The same for a peer whose greeting is here. */
    static ConnectedSource accept(FirstMessage first, String path, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        return accept(first, path, true, clock, cancellation);
    }

    private static ConnectedSource accept(
            FirstMessage first, String path, boolean direct, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        try {
            Message.Hello hello = (Message.Hello) Objects.requireNonNull(first.read(0), "the greeting is here");
            List<Fd> descriptors = first.descriptors();
            // A client may have made the connection, and passed it to the source. Only pulls read the memory of a
            // process
            // by its number.
            int connected = first.peer().pid();
            boolean sameNumbers = hello.mechanism() == Mechanism.PULL ? hello.pid() == connected : connected != 0;
            if (direct && !sameNumbers) {
                throw new ProtocolException("a greeting of process " + hello.pid() + " from process " + connected
                        + "; both agents must see the same process numbers");
            }
            int streams = hello.pagePipe() ? 2 : 1;
            if (descriptors.size() != streams + hello.files().size()) {
                throw new ProtocolException("a greeting with " + descriptors.size() + " descriptors; it names "
                        + (streams + hello.files().size()));
            }
            for (Fd descriptor : descriptors.subList(0, streams)) {
                if (!descriptor.isSocketOrPipe()) {
                    throw new ProtocolException("a greeting whose migration stream is neither a socket nor a pipe");
                }
                descriptor.setNonBlocking(); // else a read could block for ever
            }
            ControlConnection control = ControlConnection.over(first.socket().fd(), EVENTS);
            List<Fd> taken = new ArrayList<>(descriptors);
            descriptors.clear();
            return new ConnectedSource(hello, path, taken, control, clock, cancellation);
        } catch (IOException | RuntimeException e) {
            first.refuse(e);
            throw e;
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
        private final PendingConnections peers;
        private final int ownerEpoch;

        Listening(UnixSocket listener, int ownerEpoch) {
            this.listener = listener;
            this.ownerEpoch = ownerEpoch;
            this.peers = new PendingConnections(
                    listener,
                    FrameType.RECOVER,
                    RECOVER_TIMEOUT_S,
                    clock,
                    reason -> LOG.log(System.Logger.Level.WARNING, "not the source: {0}", reason));
        }

        @Override
        public boolean accept(int millis) throws IOException {
            FirstMessage peer = peers.next(millis);
            if (peer == null) {
                return false;
            }
            try {
                recognise(peer);
                ControlConnection broken = control;
                control = ControlConnection.over(peer.socket().fd(), EVENTS);
                broken.close();
                peer.close(); // but for the socket, which the control connection has
                return true;
            } catch (IOException | RuntimeException e) {
                peer.refuse(e);
                LOG.log(System.Logger.Level.WARNING, "not the source: {0}", e.getMessage());
                return false;
            }
        }

        /**
         * Checks that the peer is the source: the process whose memory we read (the kernel says which process has
         * connected), with a descriptor of the guest's run token, in the epoch in which this agent has the guest.
         */
        private void recognise(FirstMessage peer) throws IOException {
            Message.Recover recover = (Message.Recover) Objects.requireNonNull(peer.read(0), "the message is here");
            List<Fd> descriptors = peer.descriptors();
            if (peer.peer().pid() != hello.pid()) {
                throw new ProtocolException(
                        "process " + peer.peer().pid() + " is not the source, which is " + hello.pid());
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
            peers.close();
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
