package io.pageflip.os;

import java.io.IOException;

/**
 * This process's page table as the kernel shows it ({@code /proc/self/pagemap}, Documentation/admin-guide/mm/pagemap.rst).
 * One thread at a time may use an object.
 */
public final class Pagemap implements AutoCloseable {
    private static final int ENTRY = 8;
    private static final int BASE_PAGE = 4096;
    private static final int CHUNK_ENTRIES = 8192;
    private static final long PRESENT = 1L << 63;
    private static final long SWAPPED = 1L << 62;
    private static final long FRAME_MASK = (1L << 55) - 1;

    private final Fd fd;
    private final Syscalls sys = Syscalls.LINUX;
    private final NativeBuffer chunk = NativeBuffer.allocate(CHUNK_ENTRIES * ENTRY);

    private Pagemap(Fd fd) {
        this.fd = fd;
    }

    public static Pagemap open() throws SyscallException {
        return new Pagemap(Fd.open(Syscalls.LINUX, "/proc/self/pagemap", Fd.O_RDONLY));
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
     * Reads the entries of {@code count} pages (at most {@link #maxPages}) of {@code pageBytes} each into {@code entries}.
     * A frame number in an entry is 0 without {@code CAP_SYS_ADMIN}.
     */
    public void read(Mapping mapping, long firstPage, int count, int pageBytes, long[] entries) throws IOException {
        if (pageBytes == BASE_PAGE) {
            readEntries(mapping.address(firstPage * pageBytes, (long) count * pageBytes), count);
            chunk.getLongs(entries, count);
            return;
        }
        // A huge page has an entry for each 4 KiB of it; the first one tells.
        for (int i = 0; i < count; i++) {
            readEntries(mapping.address((firstPage + i) * pageBytes, pageBytes), 1);
            entries[i] = chunk.bytes().getLong(0);
        }
    }

    private void readEntries(long address, int count) throws IOException {
        long bytes = (long) count * ENTRY;
        long at = address / BASE_PAGE * ENTRY;
        long read =
                SyscallException.check(sys.pread(fd.number(), chunk.address(), bytes, at), "pread /proc/self/pagemap");
        if (read != bytes) {
            throw new IOException("pread /proc/self/pagemap: " + read + " of " + bytes + " bytes");
        }
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
