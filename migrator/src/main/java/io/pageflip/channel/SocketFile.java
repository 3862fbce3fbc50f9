package io.pageflip.channel;

import io.pageflip.os.Errno;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes listening sockets at paths that users name. */
public final class SocketFile {
    /** Of a file's mode, inode(7). */
    private static final int S_IFMT = 0xf000;

    private static final int S_IFSOCK = 0xc000;

    private SocketFile() {}

    /**
     * Listens at a path. A socket that a dead process of this user has left there is replaced.
     *
     * @throws RefusedException if this process cannot listen there; it begins with the path
     */
    public static UnixSocket listen(String path) throws IOException {
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

    /** A socket at which nobody listens was left by a process that was killed: takes its place. */
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
     * Removes a socket of this user at which nobody listens, and returns whether there was one. Two processes that do
     * this at once cannot remove each other's new socket: what was moved aside goes back if it is not the one that was
     * looked at.
     */
    public static boolean removeIfStale(String path) {
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
