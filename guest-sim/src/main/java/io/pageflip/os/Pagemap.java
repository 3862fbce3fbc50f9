package io.pageflip.os;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The page table of a process, usually of this one, as the kernel shows it ({@code /proc/self/pagemap},
 * Documentation/admin-guide/mm/pagemap.rst). One thread at a time may use an object.
 */
public final class Pagemap implements AutoCloseable {
    private static final int ENTRY = 8;
    private static final int CHUNK_ENTRIES = 8192;
    private static final long PRESENT = 1L << 63;
    private static final long SWAPPED = 1L << 62;
    private static final long FRAME_MASK = (1L << 55) - 1;

    // struct pm_scan_arg and struct page_region of linux/fs.h
    private static final int SIZEOF_PM_SCAN_ARG = 96;
    private static final int SIZEOF_PAGE_REGION = 24;
    private static final int SCAN_WALK_END = 32;
    private static final long PAGEMAP_SCAN = 0xc0000000L | SIZEOF_PM_SCAN_ARG << 16 | 'f' << 8 | 16;
    private static final long PM_SCAN_WP_MATCHING = 1;
    private static final long PM_SCAN_CHECK_WPASYNC = 2;
    private static final long PAGE_IS_WRITTEN = 2;
    private static final long PAGE_IS_PRESENT = 8;

    private final Fd fd;
    private final Syscalls sys = Syscalls.LINUX;
    private final NativeBuffer scanArg = NativeBuffer.allocate(SIZEOF_PM_SCAN_ARG);
    private final NativeBuffer chunk = NativeBuffer.allocate(CHUNK_ENTRIES * ENTRY);

    private Pagemap(Fd fd) {
        this.fd = fd;
    }

    public static Pagemap open() throws SyscallException {
        return new Pagemap(Fd.open(Syscalls.LINUX, "/proc/self/pagemap", Fd.O_RDONLY));
    }

    /**
     * Opens the page table of another process, which must let us read its memory (ptrace(2), "Ptrace access mode
     * checking").
     */
    public static Pagemap ofProcess(int pid) throws SyscallException {
        return new Pagemap(Fd.open(Syscalls.LINUX, "/proc/" + pid + "/pagemap", Fd.O_RDONLY));
    }

    @Override
    public void close() {
        fd.close();
    }

    /** The most pages that one {@link #read} may ask for. */
    public static int maxPages() {
        return CHUNK_ENTRIES;
    }

    /**
     * Reads the entries of {@code count} pages (at most {@link #maxPages}) of {@code pageBytes} each into
     * {@code entries}. A frame number in an entry is 0 without {@code CAP_SYS_ADMIN}.
     */
    public void read(Mapping mapping, long firstPage, int count, int pageBytes, long[] entries) throws IOException {
        read(mapping.address(firstPage * pageBytes, (long) count * pageBytes), count, pageBytes, entries);
    }

    /** As {@link #read(Mapping, long, int, int, long[])}, of the pages at {@code address} of the process. */
    public void read(long address, int count, int pageBytes, long[] entries) throws IOException {
        if (pageBytes == BasePage.BYTES) {
            readEntries(address, count);
            chunk.getLongs(entries, count);
            return;
        }
        // A huge page has an entry for each 4 KiB of it; the first one is enough.
        for (int i = 0; i < count; i++) {
            readEntries(address + (long) i * pageBytes, 1);
            entries[i] = chunk.bytes().getLong(0);
        }
    }

    private void readEntries(long address, int count) throws IOException {
        long bytes = (long) count * ENTRY;
        long at = address / BasePage.BYTES * ENTRY;
        long read = SyscallException.check(sys.pread(fd.number(), chunk.address(), bytes, at), "pread of a pagemap");
        if (read != bytes) {
            throw new IOException("pread of a pagemap: " + read + " of " + bytes + " bytes");
        }
    }

    /**
     * The 4 KiB pages of a mapping that have a page table entry, in order ({@code PAGEMAP_SCAN}).
     *
     * @throws SyscallException {@code ENOTTY} from a kernel without it
     */
    public List<PageRange> scanPresent(Mapping mapping) throws SyscallException {
        return scan(mapping, PAGE_IS_PRESENT, 0);
    }

    /**
     * The 4 KiB pages of a mapping that were written since they were last write-protected, in order; the kernel
     * write-protects them again as it finds them, so that no write is lost in between.
     *
     * @param mapping registered in write-protect mode with a {@link Userfaultfd} of {@code WP_ASYNC}
     */
    public List<PageRange> takeWritten(Mapping mapping) throws SyscallException {
        return scan(mapping, PAGE_IS_WRITTEN, PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC);
    }

    /**
     * Whether any page of a mapping as in {@link #takeWritten} was written since it was last write-protected.
     * Write-protects nothing again, and allocates nothing: the guest is paused while this runs.
     */
    public boolean anyWritten(Mapping mapping) throws SyscallException {
        long start = mapping.address(0, mapping.length());
        prepareScan(mapping, PAGE_IS_WRITTEN, 0);
        return scanFrom(mapping, start) > 0;
    }

    private List<PageRange> scan(Mapping mapping, long category, long flags) throws SyscallException {
        List<PageRange> found = new ArrayList<>();
        long start = mapping.address(0, mapping.length());
        long end = start + mapping.length();
        prepareScan(mapping, category, flags);
        for (long at = start; at < end; at = scanArg.bytes().getLong(SCAN_WALK_END)) {
            long regions = scanFrom(mapping, at);
            for (int i = 0; i < regions; i++) {
                long first = chunk.bytes().getLong(i * SIZEOF_PAGE_REGION);
                long bytes = chunk.bytes().getLong(i * SIZEOF_PAGE_REGION + 8) - first;
                found.add(new PageRange((first - start) / BasePage.BYTES, bytes / BasePage.BYTES));
            }
        }
        return found;
    }

    private void prepareScan(Mapping mapping, long category, long flags) {
        scanArg.bytes()
                .putLong(0, SIZEOF_PM_SCAN_ARG)
                .putLong(8, flags)
                .putLong(24, mapping.address(0, mapping.length()) + mapping.length())
                .putLong(40, chunk.address())
                .putLong(48, chunk.length() / SIZEOF_PAGE_REGION)
                .putLong(72, category)
                .putLong(88, category);
    }

    private long scanFrom(Mapping mapping, long at) throws SyscallException {
        scanArg.bytes().putLong(16, at).putLong(SCAN_WALK_END, 0);
        long regions = sys.ioctl(fd.number(), PAGEMAP_SCAN, scanArg.address());
        if (regions < 0) { // the message is built only where it is needed
            throw new SyscallException("PAGEMAP_SCAN " + mapping.describe(0, mapping.length()), (int) -regions);
        }
        return regions;
    }

    /** Whether the kernel shows this process its frame numbers; tried on a page of our own. */
    static boolean framesVisible() {
        long[] entry = new long[1];
        try (Mapping mapping = Mapping.anonymous("frame number", BasePage.BYTES);
                Pagemap pagemap = open()) {
            mapping.setLong(0, 1);
            pagemap.read(mapping, 0, 1, BasePage.BYTES, entry);
        } catch (IOException e) {
            return false; // a kernel without /proc/self/pagemap
        }
        return frame(entry[0]) != 0;
    }

    /** The frame number in an entry: 0 if the page is not present, or the kernel hides it. */
    public static long frame(long entry) {
        return (entry & PRESENT) == 0 ? 0 : entry & FRAME_MASK;
    }

    /** Whether the process has a page there, in memory or in swap. */
    public static boolean exists(long entry) {
        return (entry & (PRESENT | SWAPPED)) != 0;
    }

    /** Whether the page is in memory and has a page table entry. */
    public static boolean present(long entry) {
        return (entry & PRESENT) != 0;
    }
}
