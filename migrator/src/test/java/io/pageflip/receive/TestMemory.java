package io.pageflip.receive;

import io.pageflip.memory.PageRange;
import io.pageflip.os.MemFd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import java.io.IOException;

/** RAM blocks with a content that tells its place, and holes and pages of zeros in between. */
public final class TestMemory {
    private static final int PAGE = 4096;

    private TestMemory() {}

    public static BlockSpec spec(String name, long bytes, Backing backing) {
        return new BlockSpec(name, bytes, backing);
    }

    /** Never written. */
    public static boolean isHole(long page) {
        return page % 11 == 3 || page % 64 >= 60;
    }

    /** Written, with zeros. */
    static boolean isZero(long page) {
        return page % 11 == 5 && !isHole(page);
    }

    /** What word {@code at} of a block must be. */
    public static long word(BlockSpec spec, long at) {
        long page = at / PAGE;
        return isHole(page) || isZero(page) ? 0 : (spec.name().hashCode() * 31L + at) * 0x9e3779b97f4a7c15L | 1;
    }

    /** Fills a block. */
    public static RamBlock create(BlockSpec spec) throws IOException {
        RamBlock block = RamBlock.create(spec);
        for (long page = 0; page < spec.pages(); page++) {
            if (isHole(page)) {
                continue;
            }
            block.populate(new PageRange(page, 1));
            for (long at = page * PAGE; at < Math.min((page + 1) * PAGE, spec.lengthBytes()); at += 8) {
                block.mapping().setLong(at, word(spec, at));
            }
        }
        return block;
    }

    /** Another mapping of the same memory, as another process has it. */
    public static RamBlock attach(RamBlock block) throws IOException {
        BlockSpec spec = block.spec();
        return RamBlock.attach(
                spec, MemFd.adopt(block.requireFile().fd().duplicate(), spec.name(), spec.mappedBytes()));
    }

    /** The first word that is not what it must be, or -1. */
    public static long firstDifference(RamBlock block) {
        BlockSpec spec = block.spec();
        for (long at = 0; at < spec.lengthBytes(); at += 8) {
            if (block.mapping().getLong(at) != word(spec, at)) {
                return at;
            }
        }
        return -1;
    }

    /** Pages with another content than zeros, among the first {@code pages}. */
    public static long countData(long pages) {
        long count = 0;
        for (long page = 0; page < pages; page++) {
            count += isHole(page) || isZero(page) ? 0 : 1;
        }
        return count;
    }

    public static long countHoles(long pages) {
        long count = 0;
        for (long page = 0; page < pages; page++) {
            count += isHole(page) ? 1 : 0;
        }
        return count;
    }
}
