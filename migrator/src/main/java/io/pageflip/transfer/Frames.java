package io.pageflip.transfer;

import io.pageflip.guest.BlockSpec;
import io.pageflip.guest.RamBlock;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.os.Proc;
import io.pageflip.os.SyscallException;
import java.io.IOException;
import java.util.List;

/**
 * The evidence for moves: the frame number of every page, noted by the source before it gifts anything, in a memfd that the
 * destination compares with its own page table after the guest has resumed. Both outside the downtime. The memfd is read
 * and written, never mapped: it counts in nobody's memory.
 *
 * <pre>
 *   u64 frame number of each page of each block, one after the other; 0: not present, or hidden from this process
 * </pre>
 */
public final class Frames {
    private static final int ENTRY = 8;

    private final MemFd file;
    private final List<BlockSpec> blocks;
    private final long[] entries = new long[Pagemap.maxPages()];
    private final long[] noted = new long[Pagemap.maxPages()];
    private final NativeBuffer chunk = NativeBuffer.allocate(Pagemap.maxPages() * ENTRY);

    /** Evidence about {@code blocks} in {@code file}, which stays its owner's. */
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
     * Notes the frames of all blocks.
     *
     * @return whether this process may see frame numbers; if not, nothing was noted
     */
    public boolean note(List<RamBlock> ram) throws IOException {
        long at = 0;
        boolean visible = false;
        try (Pagemap pagemap = Pagemap.open()) {
            for (RamBlock block : ram) {
                for (long first = 0; first < block.spec().pages(); first += entries.length) {
                    int count = (int) Math.min(entries.length, block.spec().pages() - first);
                    pagemap.read(block.mapping(), first, count, block.spec().pageBytes(), entries);
                    for (int i = 0; i < count; i++) {
                        visible |= Pagemap.frame(entries[i]) != 0;
                        noted[i] = Pagemap.frame(entries[i]);
                    }
                    if (!visible && at == 0 && anyPresent(count)) {
                        return false;
                    }
                    chunk.putLongs(noted, count);
                    file.write(at, chunk, count * ENTRY);
                    at += (long) count * ENTRY;
                }
            }
        }
        return visible;
    }

    private boolean anyPresent(int count) {
        for (int i = 0; i < count; i++) {
            if (Pagemap.present(entries[i])) {
                return true;
            }
        }
        return false;
    }

    /** What a comparison found, in pages. */
    public record Comparison(long compared, long same) {
        Comparison plus(Comparison other) {
            return new Comparison(compared + other.compared, same + other.same);
        }
    }

    /** Compares the frames of some pages of a block, now in this process, with those noted. */
    public Comparison compare(int blockIndex, RamBlock block, PageBitmap pages) throws IOException {
        long base = blocks.subList(0, blockIndex).stream()
                .mapToLong(BlockSpec::pages)
                .sum();
        long compared = 0;
        long same = 0;
        try (Pagemap pagemap = Pagemap.open()) {
            for (long first = 0; first < block.spec().pages(); first += entries.length) {
                int count = (int) Math.min(entries.length, block.spec().pages() - first);
                if (pages.nextSet(first) >= first + count) {
                    continue;
                }
                pagemap.read(block.mapping(), first, count, block.spec().pageBytes(), entries);
                file.read((base + first) * ENTRY, chunk, count * ENTRY);
                chunk.getLongs(noted, count);
                for (int i = 0; i < count; i++) {
                    long here = Pagemap.frame(entries[i]);
                    if (pages.get(first + i) && here != 0 && noted[i] != 0) {
                        compared++;
                        same += here == noted[i] ? 1 : 0;
                    }
                }
            }
        }
        return new Comparison(compared, same);
    }

    /**
     * Compares all pages that were moved, and decides about those of which only this can tell.
     *
     * @param visible whether frame numbers are visible on both sides
     * @param relocatedBefore {@link Proc#relocatedPages} when the source noted them
     * @param kernelMoves what a probe says of gifted pages, for when frames are hidden
     */
    public static RunResult.Evidence judge(
            PageLedger ledger,
            List<RamBlock> ram,
            Frames frames,
            boolean visible,
            long relocatedBefore,
            boolean kernelMoves)
            throws IOException {
        Comparison moved = new Comparison(0, 0);
        Comparison gifted = new Comparison(0, 0);
        boolean undecided = false;
        boolean any = false;
        for (int i = 0; i < ram.size(); i++) {
            PageBitmap gifts = ledger.undecided(i);
            undecided |= gifts.cardinality() > 0;
            any |= undecided || ledger.moved(i).cardinality() > 0;
            if (visible) {
                moved = moved.plus(frames.compare(i, ram.get(i), ledger.moved(i)));
                Comparison found = frames.compare(i, ram.get(i), gifts);
                gifted = gifted.plus(found);
                ledger.decide(i, found.same());
            } else {
                ledger.decide(i, kernelMoves ? gifts.cardinality() : 0);
            }
        }
        long elsewhere = moved.compared() - moved.same();
        boolean relocating = Proc.relocatedPages() > relocatedBefore;
        return new RunResult.Evidence(
                visible,
                moved.compared() + gifted.same(),
                moved.same() + gifted.same(),
                relocating ? elsewhere : 0,
                relocating ? 0 : elsewhere,
                any && visible ? "frames" : undecided ? "probe" : "none");
    }
}
