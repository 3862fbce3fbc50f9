package io.pageflip.ledger;

import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Evidence.DecidedBy;
import io.pageflip.os.FrameCounts;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.os.Proc;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.List;

/**
 * The evidence for moves. The source records the frame number of every page in a memfd before it gifts anything. The
 * destination compares these numbers with its own page table, after the guest has resumed (with {@code fuse}, before it
 * runs). The memfd is read and written, never mapped, so it counts in no process's memory.
 *
 * <pre>
 *   u64 frame number of each page of each block, one after the other; 0: not present, or hidden from this process
 *       bit 63: the kernel counts more than one page table entry for the frame: a third process maps the page
 * </pre>
 */
public final class Frames {
    private static final int ENTRY = 8;
    private static final long SHARED = 1L << 63;

    private final MemFd file;
    private final List<BlockSpec> blocks;
    private final long[] entries = new long[Pagemap.maxPages()];
    private final long[] recorded = new long[Pagemap.maxPages()];
    private final NativeBuffer chunk = NativeBuffer.allocate(Pagemap.maxPages() * ENTRY);

    /** Evidence about {@code blocks} in {@code file}, which the caller still owns. */
    public Frames(MemFd file, List<BlockSpec> blocks) {
        this.file = file;
        this.blocks = List.copyOf(blocks);
    }

    /** The length of the memfd for these blocks. */
    public static long lengthBytes(List<BlockSpec> blocks) {
        return blocks.stream().mapToLong(BlockSpec::pages).sum() * ENTRY;
    }

    /** A memfd for the frames of these blocks. */
    public static MemFd createFile(List<BlockSpec> blocks) throws SyscallException {
        return MemFd.create("frames", lengthBytes(blocks), false);
    }

    /**
     * Records the frames of all blocks.
     *
     * @return whether this process may see frame numbers; if not, nothing was recorded
     */
    public boolean record(List<RamBlock> ram) throws IOException {
        long at = 0;
        boolean visible = false;
        try (Pagemap pagemap = Pagemap.open()) {
            for (RamBlock block : ram) {
                for (long first = 0; first < block.spec().pages(); first += entries.length) {
                    int count = (int) Math.min(entries.length, block.spec().pages() - first);
                    pagemap.read(block.mapping(), first, count, block.spec().pageBytes(), entries);
                    for (int i = 0; i < count; i++) {
                        visible |= Pagemap.frame(entries[i]) != 0;
                        recorded[i] = Pagemap.frame(entries[i]);
                    }
                    if (!visible && at == 0 && anyPresent(count)) {
                        return false;
                    }
                    markShared(block, first, count);
                    chunk.putLongs(recorded, count);
                    file.write(at, chunk, count * ENTRY);
                    at += (long) count * ENTRY;
                }
            }
        }
        return visible;
    }

    /** Marks the pages that a third process was told to map and does map. */
    private void markShared(RamBlock block, long first, int count) throws IOException {
        PageBitmap shared = block.exceptional().shared();
        if (shared.isEmpty()) {
            return;
        }
        try (FrameCounts counts = FrameCounts.open()) {
            for (int i = 0; i < count && counts != null; i++) {
                if (shared.get(first + i) && recorded[i] != 0 && counts.of(recorded[i]) > 1) {
                    recorded[i] |= SHARED;
                }
            }
        }
    }

    private boolean anyPresent(int count) {
        for (int i = 0; i < count; i++) {
            if (Pagemap.present(entries[i])) {
                return true;
            }
        }
        return false;
    }

    /**
     * The result of a comparison, in pages.
     *
     * @param shared of those compared, the pages that another process also mapped when they were recorded
     */
    public record Comparison(long compared, long same, long shared) {
        static final Comparison NONE = new Comparison(0, 0, 0);

        Comparison plus(Comparison other) {
            return new Comparison(compared + other.compared, same + other.same, shared + other.shared);
        }
    }

    /** Compares the present frames of some pages of a block in this process with the recorded ones. */
    public Comparison compare(int blockIndex, RamBlock block, PageBitmap pages) throws IOException {
        long base = blocks.subList(0, blockIndex).stream()
                .mapToLong(BlockSpec::pages)
                .sum();
        long compared = 0;
        long same = 0;
        long shared = 0;
        try (Pagemap pagemap = Pagemap.open()) {
            long end = block.spec().pages();
            // In steps of a chunk; over the chunks that have no page of the set in one step.
            for (long set = pages.nextSet(0); set < end; ) {
                long first = set - set % entries.length;
                int count = (int) Math.min(entries.length, end - first);
                set = pages.nextSet(first + count);
                pagemap.read(block.mapping(), first, count, block.spec().pageBytes(), entries);
                file.read((base + first) * ENTRY, chunk, count * ENTRY);
                chunk.getLongs(recorded, count);
                for (int i = 0; i < count; i++) {
                    long here = Pagemap.frame(entries[i]);
                    if (pages.get(first + i) && here != 0 && recorded[i] != 0) {
                        compared++;
                        same += here == (recorded[i] & ~SHARED) ? 1 : 0;
                        shared += recorded[i] < 0 ? 1 : 0;
                    }
                }
            }
        }
        return new Comparison(compared, same, shared);
    }

    /**
     * Compares the frames of all moved pages, and decides for each undecided page whether it was moved.
     *
     * @param visible whether frame numbers are visible on both sides
     * @param relocatedBefore {@link Proc#relocatedPages} when the source recorded the frames
     * @param kernelMoves whether this kernel moves gifted pages, as a probe found; counts only if frames are hidden
     */
    public static Evidence judge(
            PageLedger ledger,
            List<RamBlock> ram,
            Frames frames,
            boolean visible,
            long relocatedBefore,
            boolean kernelMoves)
            throws IOException {
        Comparison moved = Comparison.NONE;
        Comparison gifted = Comparison.NONE;
        Evidence.StillMapped stillMapped = null;
        boolean undecided = false;
        boolean any = false;
        for (int i = 0; i < ram.size(); i++) {
            PageBitmap gifts = ledger.undecided(i);
            undecided |= gifts.cardinality() > 0;
            PageBitmap shared = ram.get(i).exceptional().shared();
            if (!shared.isEmpty()) {
                stillMapped = frames.stillMapped(i, ram.get(i), shared, ledger, visible);
            }
            any |= undecided || ledger.moved(i).cardinality() > 0;
            if (visible) {
                moved = moved.plus(frames.compare(i, ram.get(i), ledger.moved(i)));
                Comparison found = frames.compare(i, ram.get(i), gifts);
                gifted = gifted.plus(found);
                ledger.decideGifted(i, found.same());
            } else {
                ledger.decideGifted(i, kernelMoves ? gifts.cardinality() : 0);
            }
        }
        long elsewhere = moved.compared() - moved.same();
        boolean relocating = Proc.relocatedPages() > relocatedBefore;
        return new Evidence(
                visible,
                moved.compared() + gifted.same(),
                moved.same() + gifted.same(),
                relocating ? elsewhere : 0,
                relocating ? 0 : elsewhere,
                any && visible ? DecidedBy.FRAMES : undecided ? DecidedBy.PROBE : DecidedBy.NONE,
                stillMapped);
    }

    private Evidence.StillMapped stillMapped(
            int index, RamBlock block, PageBitmap shared, PageLedger ledger, boolean visible) throws IOException {
        long pages = ledger.counts(index).copyReasons().getOrDefault(CopyReason.STILL_MAPPED.toString(), 0L);
        if (!visible) {
            return new Evidence.StillMapped(pages, null, 0, 0);
        }
        Comparison found = compare(index, block, shared);
        boolean counted;
        try (FrameCounts counts = FrameCounts.open()) {
            counted = counts != null;
        }
        return new Evidence.StillMapped(
                pages, counted ? found.shared() : null, found.compared(), found.compared() - found.same());
    }
}
