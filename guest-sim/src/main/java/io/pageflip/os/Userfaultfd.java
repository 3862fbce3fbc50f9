package io.pageflip.os;

import java.io.IOException;

/**
 * The owner of a userfaultfd (ioctl_userfaultfd(2); {@code mm/userfaultfd.c} of the kernel). In minor mode, pages of a
 * registered shared mapping that have no page table entry trap instead of appearing by themselves. In write-protect mode
 * with {@link #FEATURE_WP_ASYNC}, nothing traps: the kernel notes which pages are written (see {@link Pagemap}).
 *
 * <p>Closing it unregisters every range and wakes every thread that is trapped. One thread at a time may use an object.
 */
public final class Userfaultfd implements AutoCloseable {
    /** {@code UFFD_FEATURE_…} bits of linux/userfaultfd.h. */
    public static final long FEATURE_MINOR_HUGETLBFS = 1 << 9;

    public static final long FEATURE_MINOR_SHMEM = 1 << 10;
    public static final long FEATURE_WP_UNPOPULATED = 1 << 13;
    public static final long FEATURE_WP_ASYNC = 1 << 15;

    private static final long UFFD_API = 0xaa;
    private static final int USER_MODE_ONLY = 1;
    private static final int SIZEOF_UFFDIO_API = 24;
    private static final int SIZEOF_UFFDIO_REGISTER = 32;
    private static final int SIZEOF_UFFDIO_CONTINUE = 32;
    private static final int SIZEOF_UFFDIO_RANGE = 16;
    private static final int SIZEOF_UFFDIO_WRITEPROTECT = 24;
    private static final long UFFDIO_API = iowr(0x3f, SIZEOF_UFFDIO_API);
    private static final long UFFDIO_REGISTER = iowr(0x00, SIZEOF_UFFDIO_REGISTER);
    private static final long UFFDIO_UNREGISTER = ior(0x01, SIZEOF_UFFDIO_RANGE);
    private static final long UFFDIO_WAKE = ior(0x02, SIZEOF_UFFDIO_RANGE);
    private static final long UFFDIO_WRITEPROTECT = iowr(0x06, SIZEOF_UFFDIO_WRITEPROTECT);
    private static final long UFFDIO_CONTINUE = iowr(0x07, SIZEOF_UFFDIO_CONTINUE);
    private static final long REGISTER_MODE_WP = 2;
    private static final long REGISTER_MODE_MINOR = 4;
    private static final long WRITEPROTECT_MODE_WP = 1;
    private static final long CONTINUE_MODE_DONTWAKE = 1;
    private static final int CONTINUE_MAPPED = 24;

    private final Fd fd;
    private final long features;
    private final boolean userModeOnly;
    private final Syscalls sys;
    private final NativeBuffer struct = NativeBuffer.allocate(32);

    private Userfaultfd(Fd fd, long features, boolean userModeOnly, Syscalls sys) {
        this.fd = fd;
        this.features = features;
        this.userModeOnly = userModeOnly;
        this.sys = sys;
    }

    static long iowr(int number, int size) {
        return 0xc0000000L | (long) size << 16 | 0xaa << 8 | number;
    }

    static long ior(int number, int size) {
        return 0x80000000L | (long) size << 16 | 0xaa << 8 | number;
    }

    /**
     * Opens one with the wanted features: the plain kind if this process may, else {@code UFFD_USER_MODE_ONLY}, which
     * every process may, and with which a <em>system call</em> that touches a trapped page fails with {@code EFAULT}.
     *
     * @throws SyscallException {@code ENOSYS} without userfaultfd, {@code EINVAL} if a feature is missing
     */
    public static Userfaultfd open(long wantedFeatures) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        try {
            return open(sys, false, wantedFeatures);
        } catch (SyscallException e) {
            if (e.errno() != Errno.EPERM) {
                throw e;
            }
            return open(sys, true, wantedFeatures);
        }
    }

    static Userfaultfd open(Syscalls sys, boolean userModeOnly, long wantedFeatures) throws SyscallException {
        int flags = Fd.O_CLOEXEC | Fd.O_NONBLOCK | (userModeOnly ? USER_MODE_ONLY : 0);
        Fd fd = new Fd(SyscallException.check(sys.userfaultfd(flags), "userfaultfd"), "userfaultfd", sys);
        try {
            NativeBuffer api = NativeBuffer.allocate(SIZEOF_UFFDIO_API);
            api.bytes().putLong(0, UFFD_API).putLong(8, wantedFeatures);
            SyscallException.check(
                    sys.ioctl(fd.number(), UFFDIO_API, api.address()),
                    "UFFDIO_API features 0x" + Long.toHexString(wantedFeatures));
            return new Userfaultfd(fd, api.bytes().getLong(8), userModeOnly, sys);
        } catch (SyscallException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public void close() {
        fd.close();
    }

    /** All features of this kernel, not only those asked for. */
    public long features() {
        return features;
    }

    public boolean userModeOnly() {
        return userModeOnly;
    }

    /** Registers a whole shared mapping in minor mode. Pages that are present stay so. */
    public void registerMinor(Mapping mapping) throws SyscallException {
        register(mapping, REGISTER_MODE_MINOR);
    }

    /** Registers a whole mapping, shared or private, in write-protect mode. Nothing is write-protected yet. */
    public void registerWriteProtect(Mapping mapping) throws SyscallException {
        register(mapping, REGISTER_MODE_WP);
    }

    private void register(Mapping mapping, long mode) throws SyscallException {
        long length = mapping.length();
        struct.bytes()
                .putLong(0, mapping.address(0, length))
                .putLong(8, length)
                .putLong(16, mode)
                .putLong(24, 0);
        SyscallException.check(
                sys.ioctl(fd.number(), UFFDIO_REGISTER, struct.address()),
                "UFFDIO_REGISTER " + mapping.describe(0, length));
    }

    /** Write-protects all pages of a mapping that is registered in write-protect mode. */
    public void writeProtect(Mapping mapping) throws SyscallException {
        struct.bytes().putLong(16, WRITEPROTECT_MODE_WP);
        rangeCall(UFFDIO_WRITEPROTECT, "UFFDIO_WRITEPROTECT", mapping);
    }

    /** Unregisters a whole mapping and wakes who is trapped there: unregistering alone leaves them asleep. */
    public void unregister(Mapping mapping) throws SyscallException {
        rangeCall(UFFDIO_UNREGISTER, "UFFDIO_UNREGISTER", mapping);
        rangeCall(UFFDIO_WAKE, "UFFDIO_WAKE", mapping);
    }

    private void rangeCall(long request, String name, Mapping mapping) throws SyscallException {
        long length = mapping.length();
        struct.bytes().putLong(0, mapping.address(0, length)).putLong(8, length);
        SyscallException.check(
                sys.ioctl(fd.number(), request, struct.address()), name + " " + mapping.describe(0, length));
    }

    /**
     * {@code UFFDIO_CONTINUE} without a wake-up: sets the page table entries of the range to the pages that the file holds.
     *
     * @return bytes mapped, if any were: fewer than {@code bytes} if something stopped it; else minus the error number,
     *     whose meaning ({@code EEXIST}, {@code EFAULT}, {@code ENOENT}) is for the mechanism to say
     * @throws IOException for an error that is no answer about a page
     */
    public long continueRange(Mapping mapping, long offset, long bytes) throws IOException {
        struct.bytes()
                .putLong(0, mapping.address(offset, bytes))
                .putLong(8, bytes)
                .putLong(16, CONTINUE_MODE_DONTWAKE)
                .putLong(CONTINUE_MAPPED, 0);
        long result = sys.ioctl(fd.number(), UFFDIO_CONTINUE, struct.address());
        long mapped = struct.bytes().getLong(CONTINUE_MAPPED);
        // EAGAIN with a positive count is partial success; otherwise the count holds the same error as errno, or
        // nothing.
        if (result == 0 || mapped > 0) {
            return mapped;
        }
        int errno = (int) -result;
        if (errno == Errno.EEXIST || errno == Errno.EFAULT || errno == Errno.ENOENT || errno == Errno.EAGAIN) {
            return result;
        }
        throw new SyscallException("UFFDIO_CONTINUE " + mapping.describe(offset, bytes), errno);
    }
}
