package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.SocketFile;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.RefusedException;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** Waits at a Unix socket for a source. */
public final class SourceListener {
    private static final int ACCEPT_SLICE_MS = 100;

    private SourceListener() {}

    /** Is told what happens meanwhile, on the thread that waits. */
    public interface Observer {
        /** Pays no attention. */
        Observer NONE = new Observer() {
            @Override
            public void listening(String path) {}

            @Override
            public void ignored(String reason) {}
        };

        /** From now on a source can connect at {@code path}. */
        void listening(String path);

        /** A peer has connected that is not our source, and was told so. */
        void ignored(String reason);
    }

    /**
     * Waits until a source has connected and greeted us. Removes the socket then, and also on failure.
     *
     * @throws RefusedException if this process cannot listen at {@code path}
     * @throws CancelledException if this agent was asked to end
     */
    public static SourceLink accept(String path, Observer observer, NanoClock clock, Cancellation cancellation)
            throws IOException {
        return accept(SocketFile.listen(path), path, observer, clock, cancellation);
    }

    /**
     * As above, with a socket that listens at {@code path} already.
     *
     * @param socket taken over
     */
    public static SourceLink accept(
            UnixSocket socket, String path, Observer observer, NanoClock clock, Cancellation cancellation)
            throws IOException {
        try (UnixSocket listener = socket;
                PendingConnections peers = new PendingConnections(
                        listener, FrameType.HELLO, ConnectedSource.HELLO_TIMEOUT_S, clock, observer::ignored)) {
            try {
                observer.listening(path);
                while (true) {
                    cancellation.check();
                    FirstMessage peer = peers.next(ACCEPT_SLICE_MS);
                    if (peer != null) {
                        try {
                            return ConnectedSource.accept(peer, path, clock, cancellation);
                        } catch (IOException e) {
                            observer.ignored(String.valueOf(e.getMessage()));
                        }
                    }
                }
            } finally {
                UnixSocket.unlink(path);
            }
        }
    }
}
