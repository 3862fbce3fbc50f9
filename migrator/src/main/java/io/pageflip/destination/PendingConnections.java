package io.pageflip.destination;

import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Peers that have connected to a listening socket, and have not said yet who they are. All of them may speak at the
 * same time, so a silent one keeps nobody out. Used by one thread; owns the connections, and not the listening socket.
 */
final class PendingConnections implements AutoCloseable {
    private static final int MOST = 16;
    private static final int READ_SLICE_MS = 5;

    private final UnixSocket listener;
    private final FrameType type;
    private final int timeoutS;
    private final NanoClock clock;
    private final Consumer<String> refused;
    private final Deque<FirstMessage> pending = new ArrayDeque<>();

    /**
     * Nobody has connected yet.
     *
     * @param type of the first message that is wanted
     * @param timeoutS how long a peer has for it, in seconds
     * @param refused is told why a peer was refused, a sentence for a person
     */
    PendingConnections(UnixSocket listener, FrameType type, int timeoutS, NanoClock clock, Consumer<String> refused) {
        this.listener = listener;
        this.type = type;
        this.timeoutS = timeoutS;
        this.clock = clock;
        this.refused = refused;
    }

    /**
     * The next connection whose first message is here, which is the caller's then; null if there is none within
     * {@code millis} milliseconds, or sooner: while a peer's message is on its way, this returns after
     * {@link #READ_SLICE_MS}.
     */
    @Nullable
    FirstMessage next(int millis) throws IOException {
        UnixSocket socket = listener.accept(pending.isEmpty() ? millis : Math.min(millis, READ_SLICE_MS));
        if (socket != null) {
            accept(socket);
        }
        for (Iterator<FirstMessage> peers = pending.iterator(); peers.hasNext(); ) {
            FirstMessage peer = peers.next();
            try {
                Message message = peer.read(0);
                if (message != null) {
                    peers.remove();
                    return peer;
                }
            } catch (IOException e) {
                peers.remove();
                refuse(peer, e);
            }
        }
        return null;
    }

    private void accept(UnixSocket socket) {
        try {
            if (pending.size() == MOST) {
                refuse(pending.removeFirst(), new IOException(MOST + " other connections wait as well"));
            }
            pending.addLast(new FirstMessage(socket, type, timeoutS, clock));
        } catch (IOException e) {
            refused.accept(String.valueOf(e.getMessage()));
        }
    }

    private void refuse(FirstMessage peer, IOException reason) {
        peer.refuse(reason);
        refused.accept(String.valueOf(reason.getMessage()));
    }

    /** Whoever still waits came too late. */
    @Override
    public void close() {
        pending.forEach(peer -> peer.refuse(new IOException("this destination has another source")));
        pending.clear();
    }
}
