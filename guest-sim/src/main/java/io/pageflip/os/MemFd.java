package io.pageflip.os;

import java.io.IOException;

/** The owner of a memfd (memfd_create(2)), or of another process's memfd that was passed to or opened by this one. */
public final class MemFd implements SparseFile, AutoCloseable {
    /** The prefix of each of our memfds' names, as {@code /proc/PID/fd} shows them. */
    public static final String NAME_PREFIX = "pageflip:";

    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;
    private static final int MFD_HUGETLB = 4;
    private static final int MFD_HUGE_2MB = 21 << 26;
    private static final int F_ADD_SEALS = 1033;
    private static final int F_GET_SEALS = 1034;
    private static final int F_SEAL_SEAL = 1;
    private static final int F_SEAL_SHRINK = 2;
    private static final int F_SEAL_GROW = 4;
    private static final int SIZE_SEALED = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
    private static final int SEEK_END = 2;

    private final Fd fd;
    private final String name;
    private final long length;
    private final Syscalls sys;

    private MemFd(Fd fd, String name, long length, Syscalls sys) {
        this.fd = fd;
        this.name = name;
        this.length = length;
        this.sys = sys;
    }

    /**
     * Creates a memfd of {@code length} bytes, all holes, and seals its size: a peer that could shrink it could kill us
     * with {@code SIGBUS}.
     *
     * @param hugePages whether it has pages of 2 MiB, which the administrator must have reserved
     */
    public static MemFd create(String name, long length, boolean hugePages) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugePages ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
        long number = SyscallException.check(sys.memfdCreate(NAME_PREFIX + name, flags), "memfd_create " + name);
        Fd fd = new Fd(number, name, sys);
        try {
            SyscallException.check(sys.ftruncate(fd.number(), length), "ftruncate " + name + " to " + length);
            SyscallException.check(sys.fcntl(fd.number(), F_ADD_SEALS, SIZE_SEALED), "F_ADD_SEALS " + name);
            return new MemFd(fd, name, length, sys);
        } catch (SyscallException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Takes over a descriptor that a peer claims to be a sealed memfd of {@code length} bytes, after checking that it
     * is. Closes it otherwise.
     */
    public static MemFd adopt(Fd fd, String name, long length) throws IOException {
        Syscalls sys = Syscalls.LINUX;
        try {
            long seals = SyscallException.check(sys.fcntl(fd.number(), F_GET_SEALS, 0), "F_GET_SEALS " + name);
            long actual = SyscallException.check(sys.lseek(fd.number(), 0, SEEK_END), "lseek " + name);
            if ((seals & SIZE_SEALED) != SIZE_SEALED) {
                throw new IOException("memfd " + name + " is not sealed against a change of its size");
            }
            if (actual != length) {
                throw new IOException("memfd " + name + " has " + actual + " bytes, its owner said " + length);
            }
            return new MemFd(fd, name, length, sys);
        } catch (IOException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public Fd fd() {
        return fd;
    }

    public String name() {
        return name;
    }

    @Override
    public long length() {
        return length;
    }

    /**
     * Opens a new open file description of the same file, for the properties of a description: locks, offset,
     * {@code O_APPEND}.
     */
    Fd reopen(int flags) throws SyscallException {
        return Fd.open(sys, "/proc/self/fd/" + fd.number(), flags);
    }

    /** The same memory through a new open file description, which shares no locks and flags with this one. */
    public MemFd reopened() throws SyscallException {
        return new MemFd(reopen(Fd.O_RDWR), name, length, sys);
    }

    /** Bytes in pages that exist, in memory or in swap. Holes can only become fewer: equal counts mean equal holes. */
    public long allocatedBytes() throws SyscallException {
        return fd.allocatedBytes();
    }

    /** Reads exactly {@code bytes} bytes at {@code offset} into the start of {@code to}. */
    public void read(long offset, NativeBuffer to, int bytes) throws IOException {
        transferred(sys.pread(fd.number(), to.address(0, bytes), bytes, offset), bytes, "pread", offset);
    }

    /** Reads exactly {@code bytes} bytes at {@code offset} into {@code to} at {@code toOffset}. */
    public void read(long offset, Mapping to, long toOffset, long bytes) throws IOException {
        transferred(sys.pread(fd.number(), to.address(toOffset, bytes), bytes, offset), bytes, "pread", offset);
    }

    /** Writes exactly {@code bytes} bytes from the start of {@code from} at {@code offset}. */
    public void write(long offset, NativeBuffer from, int bytes) throws IOException {
        transferred(sys.pwrite(fd.number(), from.address(0, bytes), bytes, offset), bytes, "pwrite", offset);
    }

    /** Writes exactly {@code bytes} bytes of {@code from}, from {@code fromOffset} on, at {@code offset}. */
    public void write(long offset, Mapping from, long fromOffset, long bytes) throws SyscallException {
        for (long done = 0; done < bytes; ) { // without room, a call is short and the next one returns the error
            long address = from.address(fromOffset + done, bytes - done);
            long written = sys.pwrite(fd.number(), address, bytes - done, offset + done);
            if (written < 0) { // the message is built only where it is needed: a guest may be paused
                throw new SyscallException("pwrite " + name + " " + offset + "+" + bytes, (int) -written);
            }
            done += written;
        }
    }

    private void transferred(long result, long bytes, String operation, long offset) throws IOException {
        if (result != bytes) {
            String what = operation + " " + name + " " + offset + "+" + bytes;
            throw new IOException(what + ": " + SyscallException.check(result, what) + " bytes only");
        }
    }
}
