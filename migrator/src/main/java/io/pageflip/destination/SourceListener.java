package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.os.Errno;
import io.pageflip.os.NanoClock;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.RefusedException;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Waits at a Unix socket for a source. */
public final class SourceListener {
    private static final int ACCEPT_SLICE_MS = 100;

    /** Of a file's mode, inode(7). */
    private static final int S_IFMT = 0xf000;

    private static final int S_IFSOCK = 0xc000;

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

    private static UnixSocket listen(String path) throws IOException {
        try {
            return listenOrReplace(path);
        } catch (SyscallException e) {
            String cause = switch (e.errno()) {
                case Errno.EADDRINUSE -> whyInUse(Path.of(path));
                case Errno.ENOENT, Errno.ENOTDIR -> "its folder does not exist";
                case Errno.EACCES, Errno.EPERM -> "this user may not write to its folder";
                case Errno.ENAMETOOLONG -> "a socket's path has at most 107 bytes";
                default -> Errno.name(e.errno());
            };
            throw new RefusedException(path + ": " + cause, e);
        }
    }

    /** A socket at which nobody listens was left by a destination that was killed: takes its place. */
    private static UnixSocket listenOrReplace(String path) throws SyscallException {
        try {
            return UnixSocket.listen(path);
        } catch (SyscallException e) {
            if (e.errno() == Errno.EADDRINUSE && removeIfStale(path)) {
                return UnixSocket.listen(path);
            }
            throw e;
        }
    }

    /**
     * Removes a socket of this user at which nobody listens. Two agents that do this at once cannot remove each other's
     * new socket: what was moved aside goes back if it is not the one that was looked at.
     */
    private static boolean removeIfStale(String path) {
        Path socket = Path.of(path);
        try {
            Object looked = key(socket);
            if (!isSocket(socket) || listener(path) != null || !isOurs(socket)) {
                return false;
            }
            Path aside = socket.resolveSibling("." + Proc.pid());
            Files.move(socket, aside, StandardCopyOption.ATOMIC_MOVE);
            if (!looked.equals(key(aside))) {
                Files.move(aside, socket, StandardCopyOption.ATOMIC_MOVE);
                return false;
            }
            Files.delete(aside);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static Object key(Path file) throws IOException {
        return Objects.requireNonNull(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey());
    }

    private static boolean isSocket(Path file) throws IOException {
        int mode = (Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return (mode & S_IFMT) == S_IFSOCK;
    }

    private static boolean isOurs(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS) == Proc.uid();
    }

    /** Who listens at a socket; null if nobody does. */
    private static @Nullable PeerCredentials listener(String path) throws SyscallException {
        try (UnixSocket probe = UnixSocket.connect(path)) {
            return probe.peer();
        } catch (SyscallException e) {
            if (e.errno() == Errno.ECONNREFUSED) {
                return null;
            }
            throw e;
        }
    }

    private static String whyInUse(Path path) {
        try {
            if (!isSocket(path)) {
                return "a file that is no socket is there already; name another path";
            }
            PeerCredentials listener = listener(path.toString());
            return listener == null
                    ? "a socket of another user is there already; name another path"
                    : "process " + listener.pid() + " listens there already; name another path";
        } catch (SyscallException e) {
            return e.errno() == Errno.EAGAIN
                    ? "somebody listens there already; name another path"
                    : "it exists already; name another path";
        } catch (IOException e) {
            return "it exists already; name another path";
        }
    }
}
