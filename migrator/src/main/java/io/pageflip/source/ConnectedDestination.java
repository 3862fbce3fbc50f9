package io.pageflip.source;

import io.pageflip.channel.ControlConnection;
import io.pageflip.channel.GracePeriod;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Pipe;
import io.pageflip.os.Proc;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.WaitGuard;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.MessageText;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A destination that listens on a Unix socket. */
public final class ConnectedDestination implements DestinationLink {
    private static final System.Logger LOG = System.getLogger("pageflip.source");
    private static final EventLog EVENTS = EventLog.of("source");

    /** How long the destination may read nothing while the guest runs. Paused guests have a limit of their own. */
    private static final int SILENCE_S = 60;

    private static final int RESUME_TIMEOUT_S = 30;
    private static final int LAST_WORDS_MS = 200;
    private static final int RECOVERED_TIMEOUT_S = 5;

    private final String path;
    private final int pid;
    private final UnixSocket socket;
    private final ChannelKind channel;
    private final NanoClock clock;
    private final WaitGuard cancellation;
    private volatile @Nullable ControlConnection control;
    private @Nullable StreamWriter stream;
    private boolean resumed;

    private ConnectedDestination(
            String path, int pid, UnixSocket socket, ChannelKind channel, NanoClock clock, WaitGuard cancellation) {
        this.path = path;
        this.pid = pid;
        this.socket = socket;
        this.channel = channel;
        this.clock = clock;
        this.cancellation = cancellation;
    }

    /**
     * Connects to the destination at {@code path}.
     *
     * @param cancellation asked while waiting
     * @throws IOException if it cannot connect, or if the destination belongs to a user other than this one and root
     */
    public static ConnectedDestination connect(
            String path, ChannelKind channel, NanoClock clock, WaitGuard cancellation) throws IOException {
        InactivityTimeout accepted = new InactivityTimeout(clock, cancellation);
        accepted.limitSeconds(SILENCE_S);
        return over(
                UnixSocket.connect(path, () -> accepted.check("the destination to accept a connection")),
                path,
                channel,
                clock,
                cancellation);
    }

    /**
     * A destination at the other end of a connection that this process got from somebody else. If it breaks, it cannot
     * be made again.
     *
     * @param connection a Unix stream socket; taken over
     * @throws IOException if the destination belongs to a user other than this one and root
     */
    public static ConnectedDestination over(Fd connection, ChannelKind channel, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        return over(UnixSocket.of(connection), "", channel, clock, cancellation);
    }

    private static ConnectedDestination over(
            UnixSocket socket, String path, ChannelKind channel, NanoClock clock, WaitGuard cancellation)
            throws IOException {
        try {
            PeerCredentials peer = socket.peer();
            if (peer.uid() != Proc.uid() && peer.uid() != 0) {
                throw new IOException("the destination at " + path + " belongs to user " + peer.uid()
                        + "; a guest is given only to processes of this user or of root");
            }
            checkPidNamespace(peer.pid());
            return new ConnectedDestination(path, peer.pid(), socket, channel, clock, cancellation);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** The destination must find this process, and its files, under the number that the kernel tells it. */
    private static void checkPidNamespace(int destination) throws HostLacksException {
        if (destination == 0 || !Proc.sharesPidNamespace(destination)) {
            throw new HostLacksException(
                    "the destination is in another PID namespace, where it cannot find this process;"
                            + " start both agents in the same one");
        }
    }

    @Override
    public StreamWriter greet(Message.Hello hello, List<Fd> files) throws IOException {
        List<Fd> passed = new ArrayList<>();
        List<Fd> theirs = new ArrayList<>();
        try {
            Fd ours = openStream(theirs);
            Fd pages = ours;
            if (hello.pagePipe()) {
                Pipe pipe = Pipe.create();
                theirs.add(pipe.readEnd());
                pages = pipe.writeEnd();
            }
            InactivityTimeout silence = new InactivityTimeout(clock, this);
            silence.limitSeconds(SILENCE_S);
            stream = new StreamWriter(ours, pages, silence, EVENTS);
            if (hello.mechanism() == Mechanism.PULL) {
                ProcessMemory.allowReader(pid);
            }
            passed.addAll(theirs);
            passed.addAll(files);
            sendFirst(socket, hello, passed, () -> silence.check("the destination to read"));
            control = ControlConnection.over(socket.fd(), EVENTS);
            return stream;
        } finally {
            theirs.forEach(Fd::close); // the destination has its own descriptors of them now
        }
    }

    /** Sends the first message of a connection, and the descriptors with it. */
    private static void sendFirst(UnixSocket to, Message message, List<Fd> descriptors, WaitGuard guard)
            throws IOException {
        byte[] frame = MessageCodec.encode(message);
        NativeBuffer buffer = NativeBuffer.allocate(frame.length);
        buffer.bytes().put(0, frame);
        long sinceNs = EVENTS.nowNs();
        to.send(buffer, frame.length, descriptors, guard);
        EVENTS.eventAt(sinceNs, "sent", new MessageText(message));
    }

    private Fd openStream(List<Fd> theirs) throws IOException {
        if (channel == ChannelKind.PIPE) {
            Pipe pipe = Pipe.create();
            theirs.add(pipe.readEnd());
            return pipe.writeEnd();
        }
        List<Fd> pair = UnixSocket.pair();
        theirs.add(pair.get(1));
        return pair.get(0);
    }

    @Override
    public long awaitReady(long timeoutSeconds) throws IOException {
        InactivityTimeout timeout = new InactivityTimeout(clock, cancellation);
        timeout.limitSeconds(timeoutSeconds);
        return await(Message.Ready.class, timeout).pssBytes();
    }

    @Override
    public void check() throws IOException {
        cancellation.check();
        ControlConnection connection = control;
        if (connection != null && connection.hasInput()) {
            Message news = connection.poll(0);
            // RESUMED is only a reason to look at the run token, which decides. But awaitResumed must not wait for it
            // again.
            resumed = resumed || news instanceof Message.Resumed;
            if (news != null) {
                throw unexpected(news);
            }
        }
    }

    @Override
    public boolean reports() {
        return true;
    }

    @Override
    public boolean isConnected() {
        ControlConnection connection = control;
        return connection != null && connection.isWhole();
    }

    @Override
    public void drop() {
        ControlConnection connection = control;
        if (connection != null) {
            connection.drop();
        }
    }

    @Override
    public boolean recover(Ownership ownership) {
        try {
            connectAgain(ownership, UnixSocket.connect(path));
            awaitResumed(RECOVERED_TIMEOUT_S);
            return true;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the destination is not back", e);
            return false;
        }
    }

    /** Takes over the socket. */
    private void connectAgain(Ownership ownership, UnixSocket again) throws IOException {
        try (again) {
            PeerCredentials peer = again.peer();
            if (peer.pid() != pid) {
                throw new IOException("process " + peer.pid() + " is not the destination, which is " + pid);
            }
            sendFirst(
                    again,
                    new Message.Recover(ownership.promised()),
                    List.of(ownership.token().file().fd()),
                    WaitGuard.refusing("the destination does not read"));
            ControlConnection broken = control;
            control = ControlConnection.over(again.fd(), EVENTS); // which owns the descriptor from now on
            resumed = false;
            if (broken != null) {
                broken.close();
            }
        }
    }

    @Override
    public void cancel(String reason) {
        ControlConnection connection = control;
        if (connection != null) {
            try {
                connection.send(new Message.Cancel(reason));
            } catch (IOException e) {
                // The destination is gone, or does not read: it will notice that the connection is closed.
                connection.hasInput();
            }
        }
    }

    @Override
    public Exception explain(Exception noticed) {
        ControlConnection connection = control;
        if (noticed instanceof PeerGoneException && connection != null) {
            try {
                if (connection.poll(LAST_WORDS_MS) instanceof Message.Failed failed) {
                    return unexpected(failed);
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "the destination did not say why", e);
            }
        }
        return noticed;
    }

    @Override
    public void awaitResumed() throws IOException {
        if (!resumed) {
            awaitResumed(RESUME_TIMEOUT_S);
        }
    }

    private void awaitResumed(int seconds) throws IOException {
        InactivityTimeout timeout = new InactivityTimeout(clock, endGuard());
        timeout.limitSeconds(seconds);
        await(Message.Resumed.class, timeout);
        resumed = true;
    }

    @Override
    public Message.Completed awaitCompleted() throws IOException {
        // No time limit: the destination first lets the guest run and verifies it, however large it is.
        return await(Message.Completed.class, new InactivityTimeout(clock, endGuard()));
    }

    /** The guest is the destination's: it is too late to cancel, but this agent need not wait. */
    private WaitGuard endGuard() {
        return new GracePeriod(cancellation, clock);
    }

    private <M extends Message> M await(Class<M> type, InactivityTimeout timeout) throws IOException {
        ControlConnection connection = control;
        if (connection == null) {
            throw new IllegalStateException("the destination has not been greeted");
        }
        while (true) {
            Message message = connection.poll(InactivityTimeout.SLICE_MS);
            if (type.isInstance(message)) {
                return type.cast(message);
            }
            // RESUMED may come twice after the connection broke, and late if nobody waited for it any more.
            boolean late = message instanceof Message.Resumed && (resumed || type == Message.Completed.class);
            if (message != null && !late) {
                throw unexpected(message);
            }
            timeout.check("the destination's " + type.getSimpleName() + " message");
        }
    }

    private static IOException unexpected(Message message) {
        if (message instanceof Message.Failed failed) {
            return new PeerGoneException("the destination has given up: " + failed.reason());
        }
        return new ProtocolException(
                "the destination sent a " + message.type() + " message, which does not belong here");
    }

    @Override
    public void close() {
        if (stream != null) {
            stream.close();
        }
        ControlConnection connection = control;
        if (connection != null) {
            connection.close();
        }
        socket.close();
    }
}
