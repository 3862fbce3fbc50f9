package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Pause;
import io.pageflip.os.WaitGuard;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A client of one QMP server. Commands are sent one after the other; a thread of its own reads replies and events. Any
 * thread may wait for events; one thread at a time sends commands.
 */
public final class QmpClient implements AutoCloseable {
    private static final String CAPABILITIES = "qmp_capabilities";
    private static final long NS_PER_MS = 1_000_000;

    private final QmpConnection connection;
    private final NanoClock clock;
    private final WaitGuard guard;
    private final long timeoutNs;

    // Guarded by this object's monitor.
    private final Deque<JsonNode> replies = new ArrayDeque<>();
    private final List<QmpEvent> events = new ArrayList<>();
    private @Nullable JsonNode greeting;
    private @Nullable IOException ended;

    private QmpClient(QmpConnection connection, NanoClock clock, WaitGuard guard, long timeoutNs) {
        this.connection = connection;
        this.clock = clock;
        this.guard = guard;
        this.timeoutNs = timeoutNs;
    }

    /**
     * Connects to a server that listens at a path, or will; and negotiates the capabilities, of which it wants none.
     *
     * @param guard asked several times a second while anything is waited for; throws if that is of no use any more
     * @param timeoutNs the longest time to wait for the connection, and for each reply
     * @throws IOException if there is no server in time, or what it says is not QMP
     */
    public static QmpClient connect(Path socket, NanoClock clock, WaitGuard guard, long timeoutNs)
            throws IOException, InterruptedException {
        QmpConnection connection = new QmpConnection(open(socket, clock, guard, timeoutNs));
        QmpClient client = new QmpClient(connection, clock, guard, timeoutNs);
        boolean negotiated = false;
        try {
            Thread reader = new Thread(client::readOnAndOn, "qmp-" + socket.getFileName());
            reader.setDaemon(true);
            reader.start();
            client.await("a greeting", () -> client.greeting);
            client.execute(CAPABILITIES);
            negotiated = true;
            return client;
        } finally {
            if (!negotiated) {
                connection.close();
            }
        }
    }

    private static SocketChannel open(Path socket, NanoClock clock, WaitGuard guard, long timeoutNs)
            throws IOException, InterruptedException {
        long untilNs = clock.nanoTime() + timeoutNs;
        while (true) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException e) {
                channel.close();
                guard.check();
                if (clock.nanoTime() >= untilNs) {
                    throw new IOException("no QMP server at " + socket + ": " + e.getMessage(), e);
                }
                Pause.ofNs(NS_PER_MS);
            }
        }
    }

    /** The {@code version} of the greeting: {@code qemu} with {@code major}, {@code minor}, {@code micro}. */
    public synchronized JsonNode version() {
        return greeting == null ? JsonNodeFactory.instance.missingNode() : greeting.at("/QMP/version");
    }

    /** As {@link #execute(String, ObjectNode)}, without arguments. */
    public JsonNode execute(String command) throws IOException, InterruptedException {
        return execute(command, null);
    }

    /**
     * Sends a command, and waits for the reply.
     *
     * @return the value of {@code return}
     * @throws QmpException if the reply is an error
     * @throws IOException if the connection ends, or no reply comes in time
     */
    public JsonNode execute(String command, @Nullable ObjectNode arguments) throws IOException, InterruptedException {
        send(command, arguments);
        return reply(command);
    }

    /** Sends a command. Whoever calls this must take the reply with {@link #reply}. */
    public void send(String command, @Nullable ObjectNode arguments) throws IOException {
        ObjectNode value = JsonNodeFactory.instance.objectNode().put("execute", command);
        if (arguments != null) {
            value.set("arguments", arguments);
        }
        connection.write(value);
    }

    /** Waits for the reply to {@link #send}; throws as {@link #execute(String, ObjectNode)}. */
    public JsonNode reply(String command) throws IOException, InterruptedException {
        JsonNode reply = await("a reply to " + command, replies::poll);
        if (reply.has("error")) {
            throw new QmpException(QmpError.read(reply.path("error")));
        }
        return reply.path("return");
    }

    /** All events so far. */
    public synchronized List<QmpEvent> events() {
        return List.copyOf(events);
    }

    /** The first event that is wanted, of all so far; null if there is none. */
    public synchronized @Nullable QmpEvent event(Predicate<QmpEvent> wanted) {
        return events.stream().filter(wanted).findFirst().orElse(null);
    }

    /**
     * Waits for an event.
     *
     * @param what is waited for, in words
     * @throws IOException if it does not come in time, or the connection ends before
     */
    public QmpEvent awaitEvent(String what, Predicate<QmpEvent> wanted) throws IOException, InterruptedException {
        return await(what, () -> event(wanted));
    }

    /** Waits until the peer has closed the connection. */
    public void awaitEnd() throws IOException, InterruptedException {
        long untilNs = clock.nanoTime() + timeoutNs;
        while (!hasEnded()) {
            goOnWaiting("the end of the connection", untilNs);
        }
    }

    /** Whether the connection has ended. */
    public synchronized boolean hasEnded() {
        return ended != null;
    }

    /** What a thread waits for; null as long as it is not there. */
    private interface Awaited<T> {
        @Nullable
        T get();
    }

    private <T> T await(String what, Awaited<T> awaited) throws IOException, InterruptedException {
        long untilNs = clock.nanoTime() + timeoutNs;
        while (true) {
            synchronized (this) {
                T got = awaited.get();
                if (got != null) {
                    return got;
                }
                if (ended != null) {
                    throw new IOException("waiting for " + what + ": " + ended.getMessage(), ended);
                }
            }
            goOnWaiting(what, untilNs);
        }
    }

    private void goOnWaiting(String what, long untilNs) throws IOException, InterruptedException {
        guard.check();
        if (clock.nanoTime() >= untilNs) {
            throw new IOException(what + " did not come within " + timeoutNs / NS_PER_MS + " ms");
        }
        Pause.ofNs(NS_PER_MS);
    }

    private void readOnAndOn() {
        try {
            JsonNode value = connection.read();
            while (value != null) {
                take(value);
                value = connection.read();
            }
            end(new IOException("the peer has closed the connection"));
        } catch (IOException e) {
            end(e);
        } catch (RuntimeException | Error e) {
            end(new IOException(e.toString(), e));
        }
    }

    private synchronized void take(JsonNode value) {
        if (value.has("event")) {
            events.add(QmpEvent.read(value));
        } else if (value.has("QMP")) {
            greeting = value;
        } else {
            replies.add(value);
        }
    }

    private synchronized void end(IOException why) {
        ended = why;
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
