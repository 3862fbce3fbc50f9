package io.pageflip.os;

import com.sun.jna.Pointer;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.Quantity;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The owner of one range of mapped memory, which may be guest RAM and may trap.
 *
 * <p>The memory is accessed through native calls only. An access out of bounds throws
 * {@link IndexOutOfBoundsException}, one after {@link #close} {@link IllegalStateException}. The caller must not close
 * a mapping while another thread uses it: it joins the vCPUs before it unmaps their memory. Offsets and lengths are
 * bytes.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ = 1;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_RANDOM = 1;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_REMOVE = 9;
    private static final int MADV_DONTFORK = 10;
    private static final int MADV_DOFORK = 11;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_NOHUGEPAGE = 15;
    private static final int MADV_POPULATE_READ = 22;
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int MLOCK_ONFAULT = 1;

    /** Bytes of a transparent huge page. */
    public static final int HUGE_PAGE = 2 << 20;

    private final long address;
    private final long length;
    private final String name;
    private final Syscalls sys;
    private final Pointer pointer;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Mapping(long address, long length, String name, Syscalls sys) {
        this.address = address;
        this.length = length;
        this.name = name;
        this.sys = sys;
        this.pointer = new Pointer(address);
    }

    /** Maps private anonymous memory without transparent huge pages, so that a page of it can be gifted. */
    public static Mapping anonymous(String name, long length) throws SyscallException {
        Mapping mapping = map(Syscalls.LINUX, name, length, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
        // Not fatal: a kernel without transparent huge pages answers EINVAL, and has none to switch off.
        mapping.sys.madvise(mapping.address, length, MADV_NOHUGEPAGE);
        return mapping;
    }

    /**
     * As {@link #anonymous}, at an address that is a multiple of {@link #HUGE_PAGE}, so that {@link #preferHuge} can
     * make a huge page of each piece of that size.
     */
    public static Mapping alignedAnonymous(String name, long length) throws SyscallException {
        Mapping reserved = anonymous(name, length + HUGE_PAGE);
        long start = (reserved.address + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        long before = start - reserved.address;
        // Rounded up to a whole page, which munmap(2) demands: a last page that is used in part stays mapped.
        long end = start + (length + BasePage.BYTES - 1) / BasePage.BYTES * BasePage.BYTES;
        if (before > 0) {
            reserved.sys.munmap(reserved.address, before);
        }
        reserved.sys.munmap(end, reserved.address + length + HUGE_PAGE - end);
        return new Mapping(start, length, name, reserved.sys);
    }

    /** Maps the whole of {@code file}, shared. */
    public static Mapping shared(MemFd file) throws SyscallException {
        return map(
                Syscalls.LINUX,
                file.name(),
                file.length(),
                MAP_SHARED,
                file.fd().number());
    }

    /** Maps a range of {@code file}, shared and read-only. */
    public static Mapping sharedForReading(MemFd file, long offset, long bytes) throws SyscallException {
        String what = file.name() + " at " + offset;
        long address = SyscallException.check(
                Syscalls.LINUX.mmap(0, bytes, PROT_READ, MAP_SHARED, file.fd().number(), offset),
                "mmap " + what + " of " + bytes + " bytes");
        return new Mapping(address, bytes, what, Syscalls.LINUX);
    }

    /**
     * Maps the whole of {@code file}, shared, with {@code MADV_RANDOM}: a fault reads no page ahead and marks none as
     * accessed. A page that waits in the kernel's list of accessed pages, or lies in a large folio, cannot be taken out
     * of the page cache.
     */
    public static Mapping shared(DiskFile file) throws SyscallException {
        Mapping mapping = map(
                Syscalls.LINUX,
                file.name(),
                file.length(),
                MAP_SHARED,
                file.fd().number());
        mapping.sys.madvise(mapping.address, mapping.length, MADV_RANDOM); // only advice: a failure is no error
        return mapping;
    }

    /**
     * Maps the first {@code length} bytes of {@code file}, private: a page is the file's until it is written. Each page
     * is locked in memory when it is first touched (mlock2(2), {@code MLOCK_ONFAULT}), so no page is read from the file
     * twice.
     *
     * @throws HostLacksException if this process may not lock so much memory
     */
    public static Mapping lockedCopy(Fd file, String name, long length) throws IOException {
        Mapping mapping = map(Syscalls.LINUX, name, length, MAP_PRIVATE, file.number());
        long result = mapping.sys.mlock2(mapping.address, length, MLOCK_ONFAULT);
        if (result < 0) {
            mapping.close();
            throw new HostLacksException(
                    "this process may not lock " + Quantity.formatExact(length) + " of " + name + " in memory (mlock2: "
                            + Errno.name((int) -result) + "); run it with CAP_IPC_LOCK, or raise ulimit -l");
        }
        return mapping;
    }

    private static Mapping map(Syscalls sys, String name, long length, int flags, int fd) throws SyscallException {
        long address = SyscallException.check(
                sys.mmap(0, length, PROT_READ_WRITE, flags, fd, 0), "mmap " + name + " of " + length + " bytes");
        return new Mapping(address, length, name, sys);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            sys.munmap(address, length);
        }
    }

    public long length() {
        return length;
    }

    /** The start address: for a peer that reads it with process_vm_readv(2), and for messages. */
    public long address() {
        return address;
    }

    public long getLong(long offset) {
        checkBounds(offset, 8);
        return pointer.getLong(offset);
    }

    public void setLong(long offset, long value) {
        checkBounds(offset, 8);
        pointer.setLong(offset, value);
    }

    public int getInt(long offset) {
        checkBounds(offset, 4);
        return pointer.getInt(offset);
    }

    public void setInt(long offset, int value) {
        checkBounds(offset, 4);
        pointer.setInt(offset, value);
    }

    /** As {@link #getInt}: what its writer had written before {@link #setIntRelease} is visible then (acquire). */
    public int getIntAcquire(long offset) {
        int value = getInt(offset);
        VarHandle.acquireFence();
        return value;
    }

    /** As {@link #setInt}, after all earlier writes and reads of this thread (release). */
    public void setIntRelease(long offset, int value) {
        VarHandle.releaseFence();
        setInt(offset, value);
    }

    /** As {@link #getLong}: what its writer had written before {@link #setLongRelease} is visible then (acquire). */
    public long getLongAcquire(long offset) {
        long value = getLong(offset);
        VarHandle.acquireFence();
        return value;
    }

    /** As {@link #setLong}, after all earlier writes and reads of this thread (release). */
    public void setLongRelease(long offset, long value) {
        VarHandle.releaseFence();
        setLong(offset, value);
    }

    /** Copies {@code bytes} bytes from the start of {@code from} to {@code offset}. */
    public void copyIn(long offset, NativeBuffer from, int bytes) {
        copyIn(offset, from, 0, bytes);
    }

    /** Copies {@code bytes} bytes of {@code from}, from {@code fromOffset} on, to {@code offset}. */
    public void copyIn(long offset, NativeBuffer from, int fromOffset, int bytes) {
        sys.memcpy(address(offset, bytes), from.address(fromOffset, bytes), bytes);
    }

    /** Copies {@code bytes} bytes at {@code offset} to the start of {@code to}. */
    public void copyOut(long offset, NativeBuffer to, int bytes) {
        sys.memcpy(to.address(0, bytes), address(offset, bytes), bytes);
    }

    /** Whether the {@code bytes} bytes at {@code offset} equal the first bytes of {@code expected}. */
    public boolean matches(long offset, NativeBuffer expected, int bytes) {
        return sys.memcmp(address(offset, bytes), expected.address(0, bytes), bytes) == 0;
    }

    /** Whether {@code bytes} bytes (8 or more) at {@code offset} are all zero; usually decided by the first word. */
    public boolean isZero(long offset, long bytes) {
        return getLong(offset) == 0 && NativeBuffer.equalsItselfShifted(sys, address(offset, bytes), bytes);
    }

    /** Makes every page of the range present and writable; allocates those that are missing (Linux 5.14). */
    public void populate(long offset, long bytes) throws SyscallException {
        advise(MADV_POPULATE_WRITE, "MADV_POPULATE_WRITE", offset, bytes);
    }

    /**
     * Drains the calling processor's batches of pages that wait to be moved between the kernel's LRU lists. A batch
     * holds a reference to each of its pages, which keeps the page from being taken out of a page cache. Locking a page
     * in memory and unlocking it drains the batches (mm/mlock.c, {@code mlock_vma_pages_range}). Call it on a spare
     * mapping, whose pages this locks.
     */
    void drainPageLists() {
        if (sys.mlock2(address, length, MLOCK_ONFAULT) == 0) {
            sys.munlock(address, length);
        }
    }

    /** Makes every page of the range present and changes none; reads the pages of a file (Linux 5.14). */
    public void populateRead(long offset, long bytes) throws SyscallException {
        advise(MADV_POPULATE_READ, "MADV_POPULATE_READ", offset, bytes);
    }

    /**
     * Drops the page table entries of the range. The frames of a shared mapping stay in the file; private memory loses
     * its content. The range must be whole pages of the mapping: Linux silently ignores a part of a huge page.
     */
    public void dropEntries(long offset, long bytes) throws SyscallException {
        advise(MADV_DONTNEED, "MADV_DONTNEED", offset, bytes);
    }

    /**
     * Maps a range of {@code file}, shared, over the memory that is mapped there, at once for every thread of the
     * process. The old memory is freed. No page of the new range is present at first, and no userfaultfd has it
     * registered. A thread that was trapped in the old range stays trapped until {@link Userfaultfd#wake}.
     */
    public void mapOver(long offset, MemFd file, long fileOffset, long bytes) throws SyscallException {
        SyscallException.check(
                sys.mmap(
                        address(offset, bytes),
                        bytes,
                        PROT_READ_WRITE,
                        MAP_SHARED | MAP_FIXED,
                        file.fd().number(),
                        fileOffset),
                "mmap of " + file.name() + " over " + describe(offset, bytes));
    }

    /**
     * Asks the kernel to use transparent huge pages for whole pieces of {@link #HUGE_PAGE} of the range that are made
     * present from now on.
     *
     * @throws HostLacksException if the kernel has no transparent huge pages
     */
    public void preferHuge(long offset, long bytes) throws IOException {
        if (sys.madvise(address(offset, bytes), bytes, MADV_HUGEPAGE) < 0) {
            throw new HostLacksException("this kernel has no transparent huge pages (MADV_HUGEPAGE)");
        }
    }

    /** Bytes of the mapping that lie in transparent huge pages now. */
    public long hugeBytes() throws IOException {
        return Proc.anonymousHugeBytes(address, length);
    }

    /** Says whether children that this process forks from now on get the range, too. By default they do. */
    public void forked(long offset, long bytes, boolean childHasIt) throws SyscallException {
        advise(childHasIt ? MADV_DOFORK : MADV_DONTFORK, childHasIt ? "MADV_DOFORK" : "MADV_DONTFORK", offset, bytes);
    }

    /**
     * Punches a hole: frees the pages of the file of a shared mapping, for every process that maps them. The range must
     * be whole pages.
     */
    public void remove(long offset, long bytes) throws SyscallException {
        advise(MADV_REMOVE, "MADV_REMOVE", offset, bytes);
    }

    /**
     * Maps private memory, all zeros and without transparent huge pages, over a range. No page of it is present at
     * first, and no userfaultfd has it registered.
     */
    public void mapPrivateOver(long offset, long bytes) throws SyscallException {
        SyscallException.check(
                sys.mmap(
                        address(offset, bytes),
                        bytes,
                        PROT_READ_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
                        -1,
                        0),
                "mmap of private memory over " + describe(offset, bytes));
        sys.madvise(address(offset, bytes), bytes, MADV_NOHUGEPAGE); // as in anonymous()
    }

    private void advise(int advice, String adviceName, long offset, long bytes) throws SyscallException {
        long result = sys.madvise(address(offset, bytes), bytes, advice);
        if (result < 0) { // the message is built only where it is needed: this is inside the page loop
            throw new SyscallException(adviceName + " " + describe(offset, bytes), (int) -result);
        }
    }

    /** For messages: {@code ram 0x7f0012345000+2097152}. */
    String describe(long offset, long bytes) {
        return name + " 0x" + Long.toHexString(address + offset) + "+" + bytes;
    }

    long address(long offset, long bytes) {
        checkBounds(offset, bytes);
        return address + offset;
    }

    private void checkBounds(long offset, long bytes) {
        if (offset < 0 || bytes < 0 || offset > length - bytes) {
            throw new IndexOutOfBoundsException(name + " of " + length + " bytes: " + offset + "+" + bytes);
        }
        if (closed.get()) {
            throw new IllegalStateException(name + " is unmapped");
        }
    }
}
