package io.pageflip.guest;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.scenario.RamConditions;
import io.pageflip.verification.PagePattern;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the guest is and does: as the source was told, and as it tells the destination.
 *
 * @param ramBytes of block {@code ram}
 * @param vcpus 1 to {@link GuestInfoPage#MAX_VCPUS}
 * @param dirtyRate pages written a second, by all vCPUs together; 0 writes nothing
 * @param hotSetPercent 1 to 100: the part of the pages that {@link Workload#HOTSET} writes to most
 * @param fillPercent 0 to 100: the part of block {@code ram} that was ever written
 * @param seed of everything random
 * @param sharerPercent 0 to 100: the part of block {@code ram} that a third process maps, as a back end of vhost-user
 *     would
 * @param conditions of the pages of block {@code ram}; other than plain only where all of it is written
 */
public record GuestConfig(
        long ramBytes,
        Backing backing,
        int vcpus,
        Workload workload,
        long dirtyRate,
        int hotSetPercent,
        int fillPercent,
        long seed,
        int sharerPercent,
        RamConditions conditions) {
    private static final long VRAM_BYTES = 16 << 20;
    private static final long ROM_BYTES = (256 << 10) + 512;
    /** Data and holes come in pieces of so many 4 KiB pages: as a page allocator leaves them, not page by page. */
    private static final int EXTENT_PAGES = 16;

    /**
     * The third process maps so many regions of RAM, at most: each makes two mappings more, and a process may have
     * 65,530.
     */
    private static final int SHARER_REGIONS = 64;

    /** Block {@code ram}, where the guest information page is. */
    public static final int RAM = 0;

    public static final int VRAM = 1;
    public static final int ROM = 2;

    public GuestConfig {
        if (!conditions.fit(backing) || (!conditions.allPlain() && fillPercent < 100)) {
            throw new IllegalArgumentException(
                    "pages that are not plain in " + backing + " RAM, " + fillPercent + "% of it written");
        }
    }

    /** A guest whose memory nobody else maps, all plain pages. */
    public GuestConfig(
            long ramBytes,
            Backing backing,
            int vcpus,
            Workload workload,
            long dirtyRate,
            int hotSetPercent,
            int fillPercent,
            long seed) {
        this(ramBytes, backing, vcpus, workload, dirtyRate, hotSetPercent, fillPercent, seed, 0, RamConditions.PLAIN);
    }

    /** The same guest in other memory. */
    public GuestConfig withBacking(Backing other) {
        return new GuestConfig(
                ramBytes,
                other,
                vcpus,
                workload,
                dirtyRate,
                hotSetPercent,
                fillPercent,
                seed,
                sharerPercent,
                conditions);
    }

    /** The guest's blocks; {@link #RAM}, {@link #VRAM} and {@link #ROM} are their places in the list. */
    public List<BlockSpec> blocks() {
        return List.of(
                new BlockSpec("ram", ramBytes, backing),
                new BlockSpec("vram", VRAM_BYTES, Backing.MEMFD),
                new BlockSpec("rom", ROM_BYTES, Backing.ANONYMOUS));
    }

    /** Whether a 4 KiB page of block {@code ram} is ever written. Page 0 always is: the guest information page. */
    public boolean filled(long page) {
        if (page == 0 || fillPercent == 100) {
            return true;
        }
        long extent = page / Math.max(EXTENT_PAGES, backing.pageBytes() / BasePage.BYTES);
        return Math.floorMod(PagePattern.mix(seed * 31 + extent), 100) < fillPercent;
    }

    /**
     * The pages of block {@code ram} that the third process maps: regions that are spread over RAM, each in a place
     * that the seed says; null if there is none. Never page 0, in which others watch the guest.
     *
     * @return a new set, the caller's
     */
    public @Nullable PageBitmap shared() {
        if (sharerPercent == 0) {
            return null;
        }
        PageBitmap shared = new PageBitmap(blocks().get(RAM).pages());
        long pages = shared.pages() - 1;
        long regions = Math.min(SHARER_REGIONS, pages);
        for (long i = 0; i < regions; i++) {
            long from = 1 + pages * i / regions;
            long room = 1 + pages * (i + 1) / regions - from;
            long count = sharedBefore(pages, i + 1, regions) - sharedBefore(pages, i, regions);
            long offset = Math.floorMod(PagePattern.mix(seed * 37 + i), room - count + 1);
            shared.add(from + offset, count);
        }
        return shared;
    }

    /** Pages shared in the first so many regions: what is rounded in one comes back in the next. */
    private long sharedBefore(long pages, long region, long regions) {
        return (pages * region / regions) * sharerPercent / 100;
    }
}
