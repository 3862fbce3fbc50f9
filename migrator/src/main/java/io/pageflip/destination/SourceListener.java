package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.os.Errno;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.RefusedException;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/** Waits at a Unix socket for a source. */
public final class SourceListener {
    private static final int ACCEPT_SLICE_MS = 100;
    private static final int READ_SLICE_MS = 5;

    private SourceListener() {}

    /** Is told what happens meanwhile, on the thread that waits. */
    public interface Observer {
        /** From now on a source can connect. */
        void listening();

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
        try (UnixSocket listener = listen(path);
                PendingConnections peers = new PendingConnections(
                        listener, FrameType.HELLO, ConnectedSource.HELLO_TIMEOUT_S, clock, observer::ignored)) {
            try {
                observer.listening();
                while (true) {
                    cancellation.check();
                    FirstMessage peer = peers.next(peers.isEmpty() ? ACCEPT_SLICE_MS : READ_SLICE_MS);
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

    private static UnixSocket listen(String path) throws IOException {
        try {
            return UnixSocket.listen(path);
        } catch (SyscallException e) {
            String cause = switch (e.errno()) {
                case Errno.EADDRINUSE ->
                    "it exists already; remove it if no destination listens there, or name another path";
                case Errno.ENOENT, Errno.ENOTDIR -> "its folder does not exist";
                case Errno.EACCES, Errno.EPERM -> "this user may not write to its folder";
                case Errno.ENAMETOOLONG -> "a socket's path has at most 107 bytes";
                default -> Errno.name(e.errno());
            };
            throw new RefusedException("--listen unix:" + path + ": " + cause, e);
        }
    }
}
