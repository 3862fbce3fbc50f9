package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.MemFd;
import io.pageflip.os.Pagemap;
import io.pageflip.os.SparseFile;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Knows which pages of a RAM block hold data; the others are holes, which were never written. It finds them without
 * touching a page: {@code SEEK_DATA} asks the memfd, or the file on a disk (which allocates all of its blocks
 * beforehand, so that their number tells nothing), and {@code /proc/self/pagemap} tells of private memory and of huge
 * pages (for which {@code SEEK_HOLE} shows no holes).
 */
public final class DataMap {
    private static final long UNKNOWN = -1;

    private final PageBitmap data;
    private final long allocatedBytes;

    private DataMap(PageBitmap data, long allocatedBytes) {
        this.data = data;
        this.allocatedBytes = allocatedBytes;
    }

    /** Scans a block, whose guest may be running; see {@link #refresh}. */
    public static DataMap scan(RamBlock block) throws IOException {
        MemFd file = block.file();
        // Counted before the scan: a page that appears during it makes the next refresh scan again.
        long allocated = file == null ? UNKNOWN : file.allocatedBytes();
        PageBitmap data = new PageBitmap(block.spec().pages());
        if (file != null && allocated == block.spec().mappedBytes()) {
            data.add(0, data.pages());
        } else if (block.disk() != null) {
            scanFile(block.disk(), block.spec().pageBytes(), data);
        } else if (block.spec().backing() == Backing.MEMFD) {
            scanFile(block.requireFile(), block.spec().pageBytes(), data);
            if (block.exceptional().adoptionPending()) {
                scanOwnPageTable(block, data);
            }
        } else {
            scanOwnPageTable(block, data);
        }
        return new DataMap(data, allocated);
    }

    /** This map, if it still holds, else a new one. Call it when the guest is paused: only then it can be relied on. */
    public DataMap refresh(RamBlock block) throws IOException {
        MemFd file = block.file();
        boolean current = file != null && file.allocatedBytes() == allocatedBytes;
        return current ? this : scan(block);
    }

    /**
     * The pages that a block of another process's paused guest holds, found in the same ways.
     *
     * @param file the block's memfd, if it is shareable
     * @param pagemap of the process
     * @param address of the block in that process
     */
    public static PageBitmap scanOther(BlockSpec spec, @Nullable MemFd file, Pagemap pagemap, long address)
            throws IOException {
        PageBitmap data = new PageBitmap(spec.pages());
        if (file != null && spec.backing() == Backing.MEMFD) {
            scanFile(file, spec.pageBytes(), data);
        } else {
            scanPageTable(spec, pagemap, address, data);
        }
        return data;
    }

    private static void scanOwnPageTable(RamBlock block, PageBitmap data) throws IOException {
        try (Pagemap pagemap = Pagemap.open()) {
            scanPageTable(block.spec(), pagemap, block.mapping().address(), data);
        }
    }

    private static void scanFile(SparseFile file, int pageBytes, PageBitmap data) throws IOException {
        long from = file.nextData(0);
        while (from >= 0) {
            long to = file.nextHole(from);
            data.add(from / pageBytes, (to - from) / pageBytes);
            from = to < file.length() ? file.nextData(to) : -1;
        }
    }

    private static void scanPageTable(BlockSpec spec, Pagemap pagemap, long address, PageBitmap data)
            throws IOException {
        long[] entries = new long[Pagemap.maxPages()];
        for (long first = 0; first < data.pages(); first += entries.length) {
            int count = (int) Math.min(entries.length, data.pages() - first);
            pagemap.read(address + first * spec.pageBytes(), count, spec.pageBytes(), entries);
            for (int i = 0; i < count; i++) {
                if (Pagemap.exists(entries[i])) {
                    data.add(first + i, 1);
                }
            }
        }
    }

    /** The pages that hold data. */
    public PageBitmap pages() {
        return data;
    }

    /** The number of pages that hold none. */
    public long holes() {
        return data.pages() - data.cardinality();
    }
}
