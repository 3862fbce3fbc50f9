package io.pageflip.os;

import java.io.IOException;

/**
 * The owner of a userfaultfd (ioctl_userfaultfd(2); {@code mm/userfaultfd.c} of the kernel). In minor mode, pages of a
 * registered shared mapping that have no page table entry trap instead of appearing by themselves. In write-protect
 * mode with {@link #FEATURE_WP_ASYNC}, nothing traps: the kernel notes which pages are written (see {@link Pagemap}).
 * In missing mode, pages that do not exist yet trap: holes of a shared mapping, and pages of private memory that were
 * never touched.
 *
 * <p>{@link FaultEvents} reads which threads are trapped. Closing the userfaultfd unregisters every range and wakes
 * every trapped thread. Any number of threads may use an object, but {@link #close} must come after all other uses.
 */
public final class Userfaultfd implements AutoCloseable {
    /** {@code UFFD_FEATURE_…} bits of linux/userfaultfd.h. */
    public static final long FEATURE_MISSING_HUGETLBFS = 1 << 4;

    public static final long FEATURE_MISSING_SHMEM = 1 << 5;
    public static final long FEATURE_THREAD_ID = 1 << 8;
    public static final long FEATURE_MINOR_HUGETLBFS = 1 << 9;

    public static final long FEATURE_MINOR_SHMEM = 1 << 10;
    public static final long FEATURE_WP_UNPOPULATED = 1 << 13;
    public static final long FEATURE_WP_ASYNC = 1 << 15;

    private static final long UFFD_API = 0xaa;
    private static final int USER_MODE_ONLY = 1;
    private static final int SIZEOF_UFFDIO_API = 24;
    private static final int SIZEOF_UFFDIO_REGISTER = 32;
    /** {@code EAGAIN} with nothing done means that the address space was changing; a few retries are plenty. */
    private static final int MAX_TRIES = 1000;

    private static final int SIZEOF_UFFDIO_CONTINUE = 32;
    private static final int SIZEOF_UFFDIO_COPY = 40;
    private static final int SIZEOF_UFFDIO_ZEROPAGE = 32;
    private static final int SIZEOF_UFFDIO_RANGE = 16;
    private static final int SIZEOF_UFFDIO_WRITEPROTECT = 24;
    private static final long UFFDIO_API = iowr(0x3f, SIZEOF_UFFDIO_API);
    private static final long UFFDIO_REGISTER = iowr(0x00, SIZEOF_UFFDIO_REGISTER);
    private static final long UFFDIO_UNREGISTER = ior(0x01, SIZEOF_UFFDIO_RANGE);
    private static final long UFFDIO_WAKE = ior(0x02, SIZEOF_UFFDIO_RANGE);
    private static final long UFFDIO_COPY = iowr(0x03, SIZEOF_UFFDIO_COPY);
    private static final long UFFDIO_ZEROPAGE = iowr(0x04, SIZEOF_UFFDIO_ZEROPAGE);
    private static final long UFFDIO_WRITEPROTECT = iowr(0x06, SIZEOF_UFFDIO_WRITEPROTECT);
    private static final long UFFDIO_CONTINUE = iowr(0x07, SIZEOF_UFFDIO_CONTINUE);
    private static final long REGISTER_MODE_MISSING = 1;
    private static final long REGISTER_MODE_WP = 2;
    private static final long REGISTER_MODE_MINOR = 4;
    private static final long WRITEPROTECT_MODE_WP = 1;
    private static final long CONTINUE_MODE_DONTWAKE = 1;
    private static final int CONTINUE_MAPPED = 24;
    private static final int ZEROPAGE_ZEROED = 24;
    private static final int COPY_COPIED = 32;

    /**
     * Each thread's own struct. It is not zeroed between two uses: every call writes all words that the kernel reads.
     */
    private static final ThreadLocal<NativeBuffer> STRUCT =
            ThreadLocal.withInitial(() -> NativeBuffer.allocate(SIZEOF_UFFDIO_COPY));

    private final Fd fd;
    private final long features;
    private final boolean userModeOnly;
    private final Syscalls sys;

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
     * Opens a userfaultfd with the wanted features: the plain kind if this process may open it, else
     * {@code UFFD_USER_MODE_ONLY}. Every process may open the latter, but a <em>system call</em> that touches a trapped
     * page then fails with {@code EFAULT}.
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
        register(mapping, 0, mapping.length(), REGISTER_MODE_MINOR);
    }

    /** Registers a part of a mapping in minor mode; all of that part must be shared. */
    public void registerMinor(Mapping mapping, long offset, long bytes) throws SyscallException {
        register(mapping, offset, bytes, REGISTER_MODE_MINOR);
    }

    /** Registers a whole mapping, shared or private, in write-protect mode. Nothing is write-protected yet. */
    public void registerWriteProtect(Mapping mapping) throws SyscallException {
        register(mapping, 0, mapping.length(), REGISTER_MODE_WP);
    }

    /** Registers a whole mapping, shared or private, in missing mode. Pages that are present stay so. */
    public void registerMissing(Mapping mapping) throws SyscallException {
        register(mapping, 0, mapping.length(), REGISTER_MODE_MISSING);
    }

    private void register(Mapping mapping, long offset, long bytes, long mode) throws SyscallException {
        NativeBuffer struct = STRUCT.get();
        struct.bytes()
                .putLong(0, mapping.address(offset, bytes))
                .putLong(8, bytes)
                .putLong(16, mode)
                .putLong(24, 0);
        SyscallException.check(
                sys.ioctl(fd.number(), UFFDIO_REGISTER, struct.address()),
                "UFFDIO_REGISTER " + mapping.describe(offset, bytes));
    }

    /** Write-protects all pages of a mapping that is registered in write-protect mode. */
    public void writeProtect(Mapping mapping) throws SyscallException {
        writeProtect(mapping, 0, mapping.length());
    }

    /**
     * Write-protects a part of a mapping that is registered in write-protect mode. Without {@link #FEATURE_WP_ASYNC}, a
     * thread that writes there from now on is trapped until {@link #wake}; private pages that do not exist yet trap
     * only with {@link #FEATURE_WP_UNPOPULATED}.
     */
    public void writeProtect(Mapping mapping, long offset, long bytes) throws SyscallException {
        STRUCT.get().bytes().putLong(16, WRITEPROTECT_MODE_WP);
        rangeCall(UFFDIO_WRITEPROTECT, "UFFDIO_WRITEPROTECT", mapping, offset, bytes);
    }

    /** Unregisters a whole mapping and wakes the threads trapped there: unregistering alone leaves them asleep. */
    public void unregister(Mapping mapping) throws SyscallException {
        rangeCall(UFFDIO_UNREGISTER, "UFFDIO_UNREGISTER", mapping, 0, mapping.length());
        wake(mapping, 0, mapping.length());
    }

    /**
     * Wakes every thread that is trapped in the range: it touches its page again, and is trapped again if nothing
     * changed.
     */
    public void wake(Mapping mapping, long offset, long bytes) throws SyscallException {
        rangeCall(UFFDIO_WAKE, "UFFDIO_WAKE", mapping, offset, bytes);
    }

    private void rangeCall(long request, String name, Mapping mapping, long offset, long bytes)
            throws SyscallException {
        NativeBuffer struct = STRUCT.get();
        struct.bytes().putLong(0, mapping.address(offset, bytes)).putLong(8, bytes);
        long result = sys.ioctl(fd.number(), request, struct.address());
        if (result < 0) { // the message is built only where it is needed: a fault waits for its wake-up
            throw new SyscallException(name + " " + mapping.describe(offset, bytes), (int) -result);
        }
    }

    /**
     * {@code UFFDIO_CONTINUE} without a wake-up: sets the page table entries of the range to the pages that the file
     * holds.
     *
     * @return bytes mapped, if any: fewer than {@code bytes} if an error stopped the call; else minus the error number
     *     ({@code EEXIST}, {@code EFAULT} or {@code ENOENT}), which the mechanism interprets
     * @throws IOException for any other error
     */
    public long continueRange(Mapping mapping, long offset, long bytes) throws IOException {
        return continueRange(mapping, offset, bytes, CONTINUE_MODE_DONTWAKE);
    }

    /**
     * As {@link #continueRange(Mapping, long, long)}, and wakes the threads that are trapped in the pages that it
     * mapped. Where a page was mapped already ({@code EEXIST}) it wakes nobody: see {@link #wake}.
     */
    public long continueAndWake(Mapping mapping, long offset, long bytes) throws IOException {
        return continueRange(mapping, offset, bytes, 0);
    }

    private long continueRange(Mapping mapping, long offset, long bytes, long mode) throws IOException {
        NativeBuffer struct = STRUCT.get();
        struct.bytes()
                .putLong(0, mapping.address(offset, bytes))
                .putLong(8, bytes)
                .putLong(16, mode)
                .putLong(CONTINUE_MAPPED, 0);
        return ask(UFFDIO_CONTINUE, CONTINUE_MAPPED, "UFFDIO_CONTINUE", mapping, offset, bytes);
    }

    /**
     * {@code UFFDIO_COPY}: fills missing pages with the first {@code bytes} bytes of {@code from}, and wakes the
     * threads trapped there.
     *
     * @param bytes whole pages of the mapping
     * @return as {@link #continueRange(Mapping, long, long)}: {@code EEXIST} is a page that was not missing
     */
    public long copy(Mapping mapping, long offset, NativeBuffer from, int bytes) throws IOException {
        return copy(mapping, offset, from, 0, bytes);
    }

    /**
     * As {@link #copy(Mapping, long, NativeBuffer, int)}, with the {@code bytes} bytes of {@code from} at
     * {@code fromOffset}.
     */
    public long copy(Mapping mapping, long offset, NativeBuffer from, int fromOffset, int bytes) throws IOException {
        NativeBuffer struct = STRUCT.get();
        struct.bytes()
                .putLong(0, mapping.address(offset, bytes))
                .putLong(8, from.address(fromOffset, bytes))
                .putLong(16, bytes)
                .putLong(24, 0)
                .putLong(COPY_COPIED, 0);
        return ask(UFFDIO_COPY, COPY_COPIED, "UFFDIO_COPY", mapping, offset, bytes);
    }

    /**
     * {@code UFFDIO_ZEROPAGE}: fills missing pages of 4 KiB with zeros, and wakes the threads trapped there.
     *
     * @return as {@link #continueRange(Mapping, long, long)}: {@code EEXIST} is a page that was not missing
     */
    public long zero(Mapping mapping, long offset, long bytes) throws IOException {
        NativeBuffer struct = STRUCT.get();
        struct.bytes()
                .putLong(0, mapping.address(offset, bytes))
                .putLong(8, bytes)
                .putLong(16, 0)
                .putLong(ZEROPAGE_ZEROED, 0);
        return ask(UFFDIO_ZEROPAGE, ZEROPAGE_ZEROED, "UFFDIO_ZEROPAGE", mapping, offset, bytes);
    }

    /**
     * Makes the call with the struct that this thread has filled. The kernel stores the number of bytes done at
     * {@code doneAt}.
     */
    private long ask(long request, int doneAt, String name, Mapping mapping, long offset, long bytes)
            throws IOException {
        NativeBuffer struct = STRUCT.get();
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            long result = sys.ioctl(fd.number(), request, struct.address());
            long done = struct.bytes().getLong(doneAt);
            // EAGAIN with a positive count is partial success; otherwise the count holds the same error as errno, or 0.
            if (result == 0 || done > 0) {
                return done;
            }
            int errno = (int) -result;
            if (errno == Errno.EEXIST || errno == Errno.EFAULT || errno == Errno.ENOENT) {
                return result;
            }
            if (errno != Errno.EAGAIN) {
                throw new SyscallException(name + " " + mapping.describe(offset, bytes), errno);
            }
            struct.bytes().putLong(doneAt, 0);
        }
        throw new IOException(name + " " + mapping.describe(offset, bytes) + ": EAGAIN, " + MAX_TRIES + " times");
    }

    /** The descriptor, for {@link FaultEvents}. */
    Fd fd() {
        return fd;
    }

    Syscalls syscalls() {
        return sys;
    }
}
