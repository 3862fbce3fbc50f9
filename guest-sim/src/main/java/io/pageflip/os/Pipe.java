package io.pageflip.os;

import java.io.IOException;

/** The owner of both ends of a pipe, non-blocking, close-on-exec, as large as this host lets us make it. */
public final class Pipe implements AutoCloseable {
    private static final int F_SETPIPE_SZ = 1031;

    private final Fd readEnd;
    private final Fd writeEnd;

    private Pipe(Fd readEnd, Fd writeEnd) {
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
    }

    public static Pipe create() throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        NativeBuffer ends = NativeBuffer.scratch();
        SyscallException.check(sys.pipe2(ends.address(), Fd.O_CLOEXEC | Fd.O_NONBLOCK), "pipe2");
        Pipe pipe = new Pipe(
                new Fd(ends.bytes().getInt(0), "pipe (read end)", sys),
                new Fd(ends.bytes().getInt(4), "pipe (write end)", sys));
        enlarge(pipe.writeEnd);
        return pipe;
    }

    /**
     * Makes a pipe as large as an ordinary user may ({@code /proc/sys/fs/pipe-max-size}). It keeps its size if the
     * user's pipes together have too many pages already (pipe-user-pages-soft): it is slower then, but that is no
     * error.
     *
     * @return its capacity in bytes now
     */
    public static int enlarge(Fd end) throws SyscallException {
        long set = Syscalls.LINUX.fcntl(end.number(), F_SETPIPE_SZ, maxSize());
        return (int)
                (set > 0 ? set : SyscallException.check(Syscalls.LINUX.fcntl(end.number(), 1032, 0), "F_GETPIPE_SZ"));
    }

    /** The largest capacity an ordinary user may give a pipe, in bytes. */
    public static int maxSize() {
        try {
            return Integer.parseInt(Proc.firstLine("/proc/sys/fs/pipe-max-size"));
        } catch (IOException | NumberFormatException e) {
            return 1 << 20; // the kernel's default
        }
    }

    public Fd readEnd() {
        return readEnd;
    }

    public Fd writeEnd() {
        return writeEnd;
    }

    @Override
    public void close() {
        readEnd.close();
        writeEnd.close();
    }
}
