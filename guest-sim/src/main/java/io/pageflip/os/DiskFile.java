package io.pageflip.os;

import io.pageflip.memory.Quantity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The owner of a temporary file on a disk, which has no name ({@code O_TMPFILE}): it is gone with its last descriptor
 * and mapping, however its owner ends. All its blocks are allocated beforehand: a write through a mapping never finds
 * the disk full, which would be a {@code SIGBUS}.
 */
public final class DiskFile implements SparseFile, AutoCloseable {
    // asm-generic/fcntl.h and arch/arm64/include/uapi/asm/fcntl.h
    private static final int O_DIRECTORY = "aarch64".equals(System.getProperty("os.arch")) ? 0x4000 : 0x10000;
    private static final int O_TMPFILE = 0x400000 | O_DIRECTORY;

    /**
     * Kinds of file system (linux/magic.h) whose files are memory: their pages are never clean, and never on a disk.
     */
    private static final Map<Long, String> IN_MEMORY =
            Map.of(0x01021994L, "tmpfs", 0x858458f6L, "ramfs", 0x958458f6L, "hugetlbfs");

    /** Kinds of file system that write a changed block to a new place, for which there may be no room. */
    private static final Map<Long, String> COPY_ON_WRITE =
            Map.of(0x9123683eL, "btrfs", 0xca451a4eL, "bcachefs", 0x2fc12fc1L, "zfs");

    private final Fd fd;
    private final String name;
    private final long length;
    private final Syscalls sys;

    private DiskFile(Fd fd, String name, long length, Syscalls sys) {
        this.fd = fd;
        this.name = name;
        this.length = length;
        this.sys = sys;
    }

    /**
     * Creates a file of {@code length} bytes in {@code directory}, all zeros.
     *
     * @param name for messages
     * @throws HostLacksException if the directory's file system lies in memory, copies on write, has no files without a
     *     name, or has no room
     */
    public static DiskFile create(Path directory, String name, long length) throws IOException {
        return create(Syscalls.LINUX, directory, name, length);
    }

    static DiskFile create(Syscalls sys, Path directory, String name, long length) throws IOException {
        Fd fd = open(sys, directory);
        try {
            refuseKind(fd, directory);
            allocate(sys, fd, directory, length);
            return new DiskFile(fd, name, length, sys);
        } catch (IOException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    private static Fd open(Syscalls sys, Path directory) throws IOException {
        try {
            return Fd.open(sys, directory.toString(), O_TMPFILE | Fd.O_RDWR);
        } catch (SyscallException e) {
            String cause = switch (e.errno()) {
                case Errno.ENOENT, Errno.ENOTDIR -> "there is no such directory";
                case Errno.EACCES, Errno.EPERM -> "this user may not write there";
                case Errno.EROFS -> "its file system is read-only";
                case Errno.EOPNOTSUPP, Errno.EISDIR -> "its file system has no files without a name (O_TMPFILE)";
                default -> Errno.name(e.errno());
            };
            throw new HostLacksException("no file in " + directory + ": " + cause + "; name another directory", e);
        }
    }

    private static void refuseKind(Fd fd, Path directory) throws IOException {
        long kind = fd.fileSystem();
        if (IN_MEMORY.containsKey(kind)) {
            throw new HostLacksException(directory + " lies on " + IN_MEMORY.get(kind)
                    + ", whose pages are memory and cannot be moved into another file; name a directory on a disk, as "
                    + "/var/tmp often is");
        }
        if (COPY_ON_WRITE.containsKey(kind)) {
            throw new HostLacksException(directory + " lies on " + COPY_ON_WRITE.get(kind)
                    + ", which writes a block anew to another place, and a full disk would kill the guest; name a "
                    + "directory on ext4 or xfs");
        }
    }

    private static void allocate(Syscalls sys, Fd fd, Path directory, long length) throws IOException {
        long result = sys.fallocate(fd.number(), 0, length);
        if (result == -Errno.ENOSPC || result == -Errno.EDQUOT || result == -Errno.EFBIG) {
            throw new HostLacksException("no room for " + Quantity.formatExact(length) + " in " + directory + " ("
                    + Errno.name((int) -result) + "); name another directory, or use a smaller --ram");
        }
        if (result == -Errno.EOPNOTSUPP) {
            throw new HostLacksException("the file system of " + directory + " cannot allocate blocks beforehand "
                    + "(fallocate: EOPNOTSUPP), and a full disk would kill the guest; name another directory");
        }
        SyscallException.check(result, "fallocate of " + length + " bytes in " + directory);
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

    /** Writes every dirty page to the disk, and waits for it: then all pages are clean, if nobody writes meanwhile. */
    public void writeBack() throws SyscallException {
        SyscallException.check(sys.fdatasync(fd.number()), "fdatasync " + name);
    }
}
