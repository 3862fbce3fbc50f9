package io.pageflip.scenario;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.SplitMix64;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;

/**
 * An experiment with a guest: reasons why some pages of block {@code ram} cannot be moved. Which pages those are
 * follows from the percentages, the size of RAM and the guest's seed, so both agents and a prediction know them.
 *
 * @param sharerPercent 0 to 100: the part of RAM that a third process maps, as a vhost-user back end would
 * @param conditions of the pages of RAM
 */
public record Scenario(int sharerPercent, RamConditions conditions) {
    /** Nothing is added: no other process maps RAM, and all its pages are plain. */
    public static final Scenario PLAIN = new Scenario(0, RamConditions.PLAIN);

    /**
     * The third process maps at most this many regions of RAM: each makes two more mappings, and a process may have
     * 65,530.
     */
    private static final int SHARER_REGIONS = 64;

    public Scenario {
        if (sharerPercent < 0 || sharerPercent > 100) {
            throw new IllegalArgumentException("a sharer of " + sharerPercent + "% of RAM");
        }
    }

    /** Whether nothing is added. */
    public boolean isPlain() {
        return equals(PLAIN);
    }

    /**
     * Checks that RAM can have these conditions.
     *
     * @param fillPercent the part of RAM that was ever written
     * @throws IllegalArgumentException if there are conditions that such memory cannot have, or that need RAM that is
     *     all written
     */
    public void requireFit(Backing backing, int fillPercent) {
        if (!conditions.fit(backing) || (!conditions.allPlain() && fillPercent < 100)) {
            throw new IllegalArgumentException(
                    "pages that are not plain in " + backing + " RAM, " + fillPercent + "% of it written");
        }
    }

    /** The exceptional pages of RAM in the process that makes it. */
    public ExceptionalPages atSource(BlockSpec ram, long seed) {
        if (ram.backing() == Backing.ANONYMOUS) {
            long pages = ram.pages();
            return ExceptionalPages.ofPrivate(
                    conditions.huge(pages), conditions.forked(pages), conditions.unaligned(pages));
        }
        return ExceptionalPages.ofMemfd(sharedPages(ram.pages(), seed), PageBitmap.empty(ram.pages()));
    }

    /** The exceptional pages of RAM in a process that maps the memfd of the one that has made it. */
    public ExceptionalPages atDestination(BlockSpec ram, long seed) {
        return ExceptionalPages.ofMemfd(sharedPages(ram.pages(), seed), conditions.unmapped(ram.pages()));
    }

    /**
     * The pages of RAM that the third process maps: regions that are spread over RAM, each at a place that follows from
     * the seed. Never page 0, through which other processes watch the guest.
     *
     * @param pages of RAM
     * @return a new set, which the caller owns; empty if there is no third process
     */
    public PageBitmap sharedPages(long pages, long seed) {
        if (sharerPercent == 0) {
            return PageBitmap.empty(pages);
        }
        PageBitmap shared = new PageBitmap(pages);
        long others = pages - 1;
        long regions = Math.min(SHARER_REGIONS, others);
        for (long i = 0; i < regions; i++) {
            long from = 1 + others * i / regions;
            long room = 1 + others * (i + 1) / regions - from;
            long count = sharedBefore(others, i + 1, regions) - sharedBefore(others, i, regions);
            long offset = Math.floorMod(SplitMix64.mix(seed * 37 + i), room - count + 1);
            shared.add(from + offset, count);
        }
        return shared;
    }

    /** Pages shared in the first {@code region} regions: a later region adds what an earlier one rounds off. */
    private long sharedBefore(long pages, long region, long regions) {
        return (pages * region / regions) * sharerPercent / 100;
    }
}
