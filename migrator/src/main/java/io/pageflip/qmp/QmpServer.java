package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.Pause;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.UnixSocket;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A QMP server at a Unix socket. It serves one client at a time, as QEMU does: the next one gets its greeting when that
 * one has left. A thread of the server's own accepts clients, reads, executes commands and answers; another one writes.
 * Whatever a client does costs nothing but its own connection. Any thread may send events.
 *
 * <p>Descriptors come beside the bytes (unix(7), {@code SCM_RIGHTS}), which is why this does not use Netty: its
 * channels read bytes or descriptors, not both.
 */
public final class QmpServer implements AutoCloseable {
    private static final long JOIN_MS = 5_000;
    private static final int SLICE_MS = 100;
    private static final long PAUSE_NS = 10_000_000;
    private static final int LINGER_SLICE_MS = 5;
    private static final long NS_PER_MS = 1_000_000;

    private final UnixSocket socket;
    private final String path;
    private final QmpCommands commands;
    private final Thread thread;
    private volatile boolean closed;
    private volatile @Nullable QmpSession session;

    /**
     * A server whose clients are not served before {@link #start}.
     *
     * @param socket which listens at {@code path}; taken over
     */
    public QmpServer(UnixSocket socket, String path, QmpCommands commands) {
        this.socket = socket;
        this.path = path;
        this.commands = commands;
        this.thread = new Thread(this::serveOnAndOn, "qmp");
        thread.setDaemon(true);
    }

    /** Begins to serve clients. */
    public void start() {
        thread.start();
    }

    /** Sends an event to the client, if there is one, and it has negotiated. Never waits. */
    public void send(QmpEvent event) {
        QmpSession client = session;
        if (client != null) {
            client.send(event);
        }
    }

    /** Waits until the client that is served has left, or for so many milliseconds. */
    public void linger(int millis) {
        try {
            for (int waited = 0; session != null && waited < millis; waited += LINGER_SLICE_MS) {
                Pause.ofNs(LINGER_SLICE_MS * NS_PER_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serveOnAndOn() {
        while (!closed) {
            try {
                UnixSocket client = socket.accept(SLICE_MS);
                if (client != null) {
                    serve(client);
                }
            } catch (IOException e) {
                pause(); // no descriptor is free, or the client broke its connection
            }
        }
    }

    private void pause() {
        try {
            Pause.ofNs(PAUSE_NS);
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    private void serve(UnixSocket client) throws IOException {
        try (client) {
            PeerCredentials peer = client.peer();
            if (peer.uid() != Proc.uid() && peer.uid() != 0) {
                return; // the socket's mode keeps others out, but it may have been changed
            }
            try (QmpSession serving = new QmpSession(client, commands)) {
                session = serving;
                serving.run(() -> closed);
            } finally {
                session = null;
            }
        }
    }

    /** The reply to a command. */
    static ObjectNode reply(JsonNode result, @Nullable JsonNode id) {
        ObjectNode reply = JsonNodeFactory.instance.objectNode();
        reply.set("return", result);
        return withId(reply, id);
    }

    /** The reply that is an error. */
    static ObjectNode reply(QmpError error, @Nullable JsonNode id) {
        ObjectNode reply = JsonNodeFactory.instance.objectNode();
        reply.set("error", error.json());
        return withId(reply, id);
    }

    private static ObjectNode withId(ObjectNode reply, @Nullable JsonNode id) {
        if (id != null) {
            reply.set("id", id);
        }
        return reply;
    }

    /** Ends the connection to the client, once it has got what was written, and removes the socket. */
    @Override
    public void close() {
        UnixSocket.unlink(path);
        closed = true;
        try {
            thread.join(JOIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        socket.close();
    }
}
