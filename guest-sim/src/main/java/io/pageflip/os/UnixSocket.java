package io.pageflip.os;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The owner of a Unix stream socket (unix(7)), connected or listening, close-on-exec and non-blocking. It does only
 * what must happen before another object reads from the socket: listening, connecting, the peer's credentials, and a
 * message with descriptors. Afterwards that object uses {@link #fd}.
 */
public final class UnixSocket implements AutoCloseable {
    /** Descriptors in one message, at most ({@code SCM_MAX_FD}, net/scm.h). */
    public static final int MAX_DESCRIPTORS = 253;

    private static final long RETRY_NS = 20_000_000;
    private static final int SLICE_MS = 50;
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = Fd.O_CLOEXEC;
    private static final int SOCK_NONBLOCK = Fd.O_NONBLOCK;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_PEERCRED = 17;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int MSG_CTRUNC = 8;
    private static final int SUN_PATH_BYTES = 108;
    private static final int SOCKADDR_UN_BYTES = 2 + SUN_PATH_BYTES;
    private static final int SIZEOF_MSGHDR = 56;
    private static final int MSG_FLAGS = 48;
    private static final int SIZEOF_CMSGHDR = 16;

    private final Fd fd;
    private final Syscalls sys;

    private UnixSocket(Fd fd, Syscalls sys) {
        this.fd = fd;
        this.sys = sys;
    }

    /**
     * Listens at {@code path}, which must not exist, with mode 0600 from the first moment. Whoever sees the path can
     * connect: where the file system has hard links, the socket listens already when it gets this name. The caller
     * removes the path later, with {@link #unlink}. This changes the process's umask for a moment: call it while no
     * other thread creates files.
     *
     * @throws SyscallException {@code EADDRINUSE} if the path exists
     */
    public static UnixSocket listen(String path) throws SyscallException {
        UnixSocket socket = create();
        try {
            socketAddress(path); // refuses a path that is too long
            Path named = Path.of(path);
            String first = named.resolveSibling(".pf" + Proc.pid()).toString();
            if (socket.binds(first)) {
                try {
                    Files.createLink(named, Path.of(first));
                    return socket;
                } catch (FileAlreadyExistsException e) {
                    throw new SyscallException("bind " + path, Errno.EADDRINUSE);
                } catch (IOException | UnsupportedOperationException e) {
                    socket.close(); // a file system without hard links
                } finally {
                    unlink(first);
                }
                socket = create();
            }
            socket.listenAt(path);
            return socket;
        } catch (SyscallException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Listens at a path, if that can be. */
    private boolean binds(String path) {
        try {
            listenAt(path);
            return true;
        } catch (SyscallException e) {
            return false; // the folder may not be written to, the name may be too long: the real one tells
        }
    }

    private void listenAt(String path) throws SyscallException {
        NativeBuffer address = socketAddress(path);
        int umask = sys.umask(0177);
        long bound = sys.bind(fd.number(), address.address(), SOCKADDR_UN_BYTES);
        sys.umask(umask);
        SyscallException.check(bound, "bind " + path);
        SyscallException.check(sys.listen(fd.number(), 8), "listen " + path);
    }

    /**
     * Connects to the process that listens at {@code path}, at once.
     *
     * @throws SyscallException {@code EAGAIN} if too many others wait to be accepted there
     */
    public static UnixSocket connect(String path) throws SyscallException {
        UnixSocket socket = create();
        try {
            NativeBuffer address = socketAddress(path);
            long result = socket.sys.connect(socket.fd.number(), address.address(), SOCKADDR_UN_BYTES);
            SyscallException.check(result, "connect " + path);
            return socket;
        } catch (SyscallException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** As {@link #connect(String)}, but while too many others wait, this one waits as well, and asks {@code guard}. */
    public static UnixSocket connect(String path, WaitGuard guard) throws IOException {
        while (true) {
            try {
                return connect(path);
            } catch (SyscallException e) {
                if (e.errno() != Errno.EAGAIN) {
                    throw e;
                }
                guard.check();
                LockSupport.parkNanos(RETRY_NS);
            }
        }
    }

    /**
     * Two sockets that are connected to each other, non-blocking, with send buffers of 4 MiB, or as large as
     * {@code net.core.wmem_max} allows.
     */
    public static List<Fd> pair() throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        NativeBuffer ends = NativeBuffer.scratch();
        int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
        SyscallException.check(sys.socketpair(AF_UNIX, type, 0, ends.address()), "socketpair");
        List<Fd> pair = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            pair.add(new Fd(ends.bytes().getInt(4 * i), "page socket", sys));
        }
        NativeBuffer size = NativeBuffer.scratch();
        size.bytes().putInt(0, 4 << 20); // the kernel takes what net.core.wmem_max allows
        for (int i = 0; i < 2; i++) {
            sys.setsockopt(pair.get(i).number(), SOL_SOCKET, SO_SNDBUF, size.address(), 4);
        }
        return pair;
    }

    /**
     * A connected Unix stream socket that this process got from somebody else.
     *
     * @param fd taken over
     */
    public static UnixSocket of(Fd fd) throws SyscallException {
        fd.setNonBlocking();
        return new UnixSocket(fd, Syscalls.LINUX);
    }

    private static UnixSocket create() throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
        long number = SyscallException.check(sys.socket(AF_UNIX, type, 0), "socket");
        return new UnixSocket(new Fd(number, "unix socket", sys), sys);
    }

    private static NativeBuffer socketAddress(String path) throws SyscallException {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= SUN_PATH_BYTES) {
            throw new SyscallException("socket path of " + bytes.length + " bytes " + path, Errno.ENAMETOOLONG);
        }
        NativeBuffer address = NativeBuffer.scratch();
        address.bytes().putShort(0, (short) AF_UNIX).put(2, bytes);
        return address;
    }

    /** Removes a socket's path; that it is gone already is no error. */
    public static void unlink(String path) {
        Syscalls.LINUX.unlink(path);
    }

    /** The next connection, or null if none came within {@code timeoutMs}. */
    public @org.jspecify.annotations.Nullable UnixSocket accept(int timeoutMs) throws SyscallException {
        if (!fd.awaitReadable(timeoutMs)) {
            return null;
        }
        long number = SyscallException.check(sys.accept4(fd.number(), SOCK_CLOEXEC | SOCK_NONBLOCK), "accept");
        return new UnixSocket(new Fd(number, "unix socket", sys), sys);
    }

    public PeerCredentials peer() throws SyscallException {
        NativeBuffer ucred = NativeBuffer.scratch(); // pid, uid, gid; then the length
        ucred.bytes().putInt(12, 12);
        long result = sys.getsockopt(fd.number(), SOL_SOCKET, SO_PEERCRED, ucred.address(), ucred.address() + 12);
        SyscallException.check(result, "SO_PEERCRED");
        return new PeerCredentials(ucred.bytes().getInt(0), ucred.bytes().getInt(4));
    }

    /**
     * Sends the first {@code length} bytes of {@code message} with copies of the descriptors: all of it, or throws.
     *
     * @param guard asked several times a second while the peer does not read
     */
    public void send(NativeBuffer message, int length, List<Fd> descriptors, WaitGuard guard) throws IOException {
        int controlBytes = SIZEOF_CMSGHDR + 4 * descriptors.size();
        NativeBuffer control = NativeBuffer.allocate(align8(controlBytes));
        control.bytes().putLong(0, controlBytes).putInt(8, SOL_SOCKET).putInt(12, SCM_RIGHTS);
        for (int i = 0; i < descriptors.size(); i++) {
            control.bytes().putInt(SIZEOF_CMSGHDR + 4 * i, descriptors.get(i).number());
        }
        MessageHeader header = new MessageHeader(message, 0, length, control);
        int sent = 0;
        try {
            while (sent == 0) {
                sent = progressed(sys.sendmsg(fd.number(), header.address(), MSG_NOSIGNAL), "sendmsg", guard);
            }
        } finally {
            Reference.reachabilityFence(header); // until here, the kernel reads the memory that it holds
        }
        while (sent < length) { // the descriptors went with the first byte
            sent += progressed(fd.write(message, sent, length - sent), "write to the peer", guard);
        }
    }

    private int progressed(long result, String operation, WaitGuard guard) throws IOException {
        if (result != -Errno.EAGAIN) {
            return (int) SyscallException.check(result, operation);
        }
        guard.check();
        fd.awaitWritable(SLICE_MS);
        return 0;
    }

    /**
     * Receives at most {@code length} bytes into {@code message} at {@code offset}, and the descriptors that came with
     * them, close-on-exec; the caller owns them.
     *
     * @return bytes received, 0 at the end
     * @throws IOException also if more descriptors came than we take; they are closed
     */
    public int receive(NativeBuffer message, int offset, int length, List<Fd> descriptors) throws IOException {
        NativeBuffer control = NativeBuffer.allocate(align8(SIZEOF_CMSGHDR + 4 * MAX_DESCRIPTORS));
        MessageHeader header = new MessageHeader(message, offset, length, control);
        long received = sys.recvmsg(fd.number(), header.address(), MSG_CMSG_CLOEXEC);
        SyscallException.check(received, "recvmsg");
        int controlBytes = (int) header.control().bytes().getLong(0);
        if (header.controlLength() >= SIZEOF_CMSGHDR && control.bytes().getInt(12) == SCM_RIGHTS) {
            for (int at = SIZEOF_CMSGHDR; at + 4 <= controlBytes; at += 4) {
                descriptors.add(new Fd(control.bytes().getInt(at), "received descriptor", sys));
            }
        }
        if ((header.flags() & MSG_CTRUNC) != 0) {
            descriptors.forEach(Fd::close);
            descriptors.clear();
            throw new IOException("the peer sent more descriptors than the " + MAX_DESCRIPTORS + " of one message");
        }
        return (int) received;
    }

    /** Waits until something can be received; false if nothing came within {@code timeoutMs}. */
    public boolean awaitReadable(int timeoutMs) throws SyscallException {
        return fd.awaitReadable(timeoutMs);
    }

    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }

    private static int align8(int n) {
        return (n + 7) & ~7;
    }

    /** struct msghdr with one iovec, of 64-bit Linux. */
    private static final class MessageHeader {
        private final NativeBuffer header = NativeBuffer.allocate(SIZEOF_MSGHDR);
        private final NativeBuffer iovec = NativeBuffer.allocate(16);
        private final NativeBuffer control;

        MessageHeader(NativeBuffer message, int offset, int length, NativeBuffer control) {
            this.control = control;
            iovec.bytes().putLong(0, message.address(offset, length)).putLong(8, length);
            header.bytes()
                    .putLong(16, iovec.address())
                    .putLong(24, 1)
                    .putLong(32, control.address())
                    .putLong(40, control.length());
        }

        long address() {
            return header.address();
        }

        /** The control data, which the header keeps alive. */
        NativeBuffer control() {
            return control;
        }

        long controlLength() {
            return header.bytes().getLong(40);
        }

        int flags() {
            return header.bytes().getInt(MSG_FLAGS);
        }
    }
}
