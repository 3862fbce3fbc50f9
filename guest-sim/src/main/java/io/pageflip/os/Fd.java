package io.pageflip.os;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The owner of one descriptor. {@link #close} closes it once. A use after that throws {@link IllegalStateException}, so
 * it never reaches another descriptor that has got the number. Calls may come from any thread, but the caller must not
 * close while another thread is inside a call: the number may be reused under that call.
 */
public final class Fd implements AutoCloseable {
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_APPEND = 0x400;
    static final int O_CLOEXEC = 0x80000;

    private static final int F_SETFL = 4;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_GETFL = 3;
    private static final int FIONREAD = 0x541b;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;
    private static final short POLLERR = 8;
    private static final short POLLHUP = 0x10;
    private static final int CLOSED = -1;
    private static final int STATX_MODE = 28;
    private static final int STATX_INO = 32;
    private static final int STATX_SIZE = 40;
    private static final int STATX_BLOCKS = 48;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFIFO = 0x1000;
    private static final int S_IFSOCK = 0xc000;

    private final AtomicInteger number;
    private final String name;
    private final Syscalls sys;

    Fd(long number, String name, Syscalls sys) {
        this.number = new AtomicInteger((int) number);
        this.name = name;
        this.sys = sys;
    }

    /** Opens {@code path} with the flags of open(2), close-on-exec always added. */
    static Fd open(Syscalls sys, String path, int flags) throws SyscallException {
        return new Fd(SyscallException.check(sys.open(path, flags | O_CLOEXEC, 0600), "open " + path), path, sys);
    }

    /** Opens the file behind {@code /proc/PID/fd/NUMBER} for reading and writing, as a new open file description. */
    public static Fd openOfProcess(int pid, int number) throws SyscallException {
        return open(Syscalls.LINUX, "/proc/" + pid + "/fd/" + number, O_RDWR);
    }

    /** As {@link #openOfProcess}, for reading only. */
    public static Fd openOfProcessToRead(int pid, int number) throws SyscallException {
        return open(Syscalls.LINUX, "/proc/" + pid + "/fd/" + number, O_RDONLY);
    }

    /**
     * Reopens standard input (0) or output ({@link ProcessOutput#number}), which must be a pipe, as a new open file
     * description that is non-blocking.
     */
    public static Fd reopenStandardPipe(int number) throws IOException {
        Syscalls sys = Syscalls.LINUX;
        // A new description: O_NONBLOCK on the inherited one would reach every process that shares it.
        if (!isPipe(sys, number)) {
            throw new IOException("descriptor " + number + " is not a pipe");
        }
        int direction = number == 0 ? O_RDONLY : O_WRONLY;
        return open(sys, "/proc/self/fd/" + number, direction | O_NONBLOCK);
    }

    /**
     * Keeps all other code in this process from using standard input (0) or output ({@link ProcessOutput#number}):
     * input becomes {@code /dev/null}, output a duplicate of standard error.
     */
    public static void redirectStandard(int number) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        if (number == 0) {
            try (Fd nothing = open(sys, "/dev/null", O_RDONLY)) {
                SyscallException.check(sys.dup3(nothing.number(), 0, 0), "dup3 /dev/null 0");
            }
        } else {
            SyscallException.check(sys.dup3(2, number, 0), "dup3 2 " + number);
        }
    }

    private static boolean isPipe(Syscalls sys, int number) throws SyscallException {
        return kind(sys, number) == S_IFIFO;
    }

    private static int kind(Syscalls sys, int number) throws SyscallException {
        NativeBuffer statx = NativeBuffer.scratch();
        SyscallException.check(sys.statx(number, statx.address()), "statx of descriptor " + number);
        return statx.bytes().getShort(STATX_MODE) & S_IFMT;
    }

    /** Whether this is a socket or a pipe: what can be made non-blocking, and tells when its other end is closed. */
    public boolean isSocketOrPipe() throws SyscallException {
        int kind = kind(sys, number());
        return kind == S_IFIFO || kind == S_IFSOCK;
    }

    @Override
    public void close() {
        int closing = number.getAndSet(CLOSED);
        if (closing != CLOSED) {
            sys.close(closing); // never retried; its error would help nobody
        }
    }

    /** The number, for system calls in this package and for a peer that opens {@code /proc/PID/fd/NUMBER}. */
    public int number() {
        int n = number.get();
        if (n == CLOSED) {
            throw new IllegalStateException(name + " is closed");
        }
        return n;
    }

    /**
     * Gives the descriptor away: the caller (or the code that it gives the number to) closes it, this object no longer
     * does.
     */
    public int handOver() {
        int n = number();
        number.set(CLOSED);
        return n;
    }

    /** Another descriptor of the same open file description, with an owner of its own. */
    public Fd duplicate() throws SyscallException {
        return new Fd(SyscallException.check(sys.fcntl(number(), F_DUPFD_CLOEXEC, 3), "dup " + name), name, sys);
    }

    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /** Reads at most {@code length} bytes: the count, 0 at the end, or minus an error number ({@code -EAGAIN}). */
    public long read(NativeBuffer to, int offset, int length) {
        return sys.read(number(), to.address(offset, length), length);
    }

    /** As {@link #read(NativeBuffer, int, int)}, straight into a mapping. */
    public long read(Mapping to, long offset, long length) {
        return sys.read(number(), to.address(offset, length), length);
    }

    /**
     * Reads from {@code position} of the file to the start of {@code to}: the count, or minus an error number. It
     * allocates no page: a hole reads as zeros, and stays one.
     */
    public long readAt(long position, NativeBuffer to, int length) {
        return sys.pread(number(), to.address(0, length), length, position);
    }

    /** Writes {@code length} bytes from the start of {@code from} to {@code position} of the file. */
    public void writeAt(long position, NativeBuffer from, int length) throws SyscallException {
        SyscallException.check(
                sys.pwrite(number(), from.address(0, length), length, position), "pwrite " + name + " " + position);
    }

    /** Writes at most {@code length} bytes: the count, or minus an error number ({@code -EAGAIN}, {@code -EPIPE}). */
    public long write(NativeBuffer from, int offset, int length) {
        return sys.write(number(), from.address(offset, length), length);
    }

    /** As {@link #write(NativeBuffer, int, int)}, straight out of a mapping. */
    public long write(Mapping from, long offset, long length) {
        return sys.write(number(), from.address(offset, length), length);
    }

    /**
     * A descriptor of a process (pidfd_open(2)), which is readable once the process has ended. The number of a process
     * may be reused once it is gone; the descriptor still means the same process.
     *
     * @throws SyscallException {@code ESRCH} if there is no such process
     */
    public static Fd ofProcess(int pid) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        return new Fd(SyscallException.check(sys.pidfdOpen(pid), "pidfd_open " + pid), "process " + pid, sys);
    }

    /** Waits until a read would not block (data or the end); false if {@code timeoutMs} pass before that. */
    public boolean awaitReadable(int timeoutMs) throws SyscallException {
        return poll(POLLIN, timeoutMs) != 0;
    }

    /**
     * Waits until a write would not block (space, or no reader any more); false if {@code timeoutMs} pass before that.
     */
    public boolean awaitWritable(int timeoutMs) throws SyscallException {
        return poll(POLLOUT, timeoutMs) != 0;
    }

    /** Whether the other end of this pipe or socket is gone. Does not block. */
    public boolean peerGone() throws SyscallException {
        return (poll((short) 0, 0) & (POLLERR | POLLHUP)) != 0;
    }

    private int poll(short events, int timeoutMs) throws SyscallException {
        NativeBuffer pollfd = NativeBuffer.scratch();
        pollfd.bytes().putInt(0, number()).putShort(4, events).putShort(6, (short) 0);
        long ready = sys.poll(pollfd.address(), 1, timeoutMs);
        if (ready == -Errno.EINTR) {
            return 0; // the callers loop with a deadline anyway
        }
        SyscallException.check(ready, "poll " + name);
        return ready == 0 ? 0 : pollfd.bytes().getShort(6);
    }

    /** Bytes that a pipe or socket holds unread ({@code FIONREAD}). */
    public int unreadBytes() throws SyscallException {
        NativeBuffer count = NativeBuffer.scratch();
        SyscallException.check(sys.ioctl(number(), FIONREAD, count.address()), "FIONREAD " + name);
        return count.bytes().getInt(0);
    }

    /** Makes all reads and writes non-blocking, for every descriptor of the same open file description. */
    public void setNonBlocking() throws SyscallException {
        long flags = SyscallException.check(sys.fcntl(number(), F_GETFL, 0), "F_GETFL " + name);
        SyscallException.check(sys.fcntl(number(), F_SETFL, flags | O_NONBLOCK), "F_SETFL " + name);
    }

    /**
     * The inode number. Together with the kind of file, it shows whether a descriptor is the file that a peer claims.
     */
    public long inode() throws SyscallException {
        return statx().bytes().getLong(STATX_INO);
    }

    /** The length of the file in bytes, holes included. */
    public long length() throws SyscallException {
        return statx().bytes().getLong(STATX_SIZE);
    }

    /** The kind of file system that the file is on, as linux/magic.h numbers them. */
    long fileSystem() throws SyscallException {
        NativeBuffer statfs = NativeBuffer.scratch();
        SyscallException.check(sys.fstatfs(number(), statfs.address()), "fstatfs " + name);
        return statfs.bytes().getLong(0);
    }

    /** See {@link SparseFile#nextData}. */
    long nextData(long offset) throws SyscallException {
        long found = sys.lseek(number(), offset, SEEK_DATA);
        return found == -Errno.ENXIO ? -1 : SyscallException.check(found, "SEEK_DATA " + name + " " + offset);
    }

    /** See {@link SparseFile#nextHole}. */
    long nextHole(long offset) throws SyscallException {
        return SyscallException.check(sys.lseek(number(), offset, SEEK_HOLE), "SEEK_HOLE " + name + " " + offset);
    }

    /** Bytes that the file really holds: pages in memory and in swap, not holes. */
    long allocatedBytes() throws SyscallException {
        return statx().bytes().getLong(STATX_BLOCKS) * 512;
    }

    private NativeBuffer statx() throws SyscallException {
        NativeBuffer statx = NativeBuffer.scratch();
        SyscallException.check(sys.statx(number(), statx.address()), "statx " + name);
        return statx;
    }

    @Override
    public String toString() {
        return name;
    }
}
