package io.pageflip.guest;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.SplitMix64;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import java.util.List;

/**
 * The configuration of the guest, as it was given to the source, and as the source sends it to the destination.
 *
 * @param ramBytes length of block {@code ram}
 * @param vcpus 1 to {@link GuestInfoPage#MAX_VCPUS}
 * @param dirtyRate pages written a second, by all vCPUs together; 0 writes nothing
 * @param hotSetPercent 1 to 100: the part of the pages that {@link Workload#HOTSET} writes to most
 * @param fillPercent 0 to 100: the part of block {@code ram} that was ever written
 * @param seed of all random choices
 */
public record GuestConfig(
        long ramBytes,
        Backing backing,
        int vcpus,
        Workload workload,
        long dirtyRate,
        int hotSetPercent,
        int fillPercent,
        long seed) {
    private static final long VRAM_BYTES = 16 << 20;
    private static final long ROM_BYTES = (256 << 10) + 512;
    /** Data and holes come in pieces of this many 4 KiB pages: as a page allocator leaves them, not page by page. */
    private static final int EXTENT_PAGES = 16;

    /** Block {@code ram}, where the guest information page is. */
    public static final int RAM = 0;

    public static final int VRAM = 1;
    public static final int ROM = 2;

    /** The same guest in other memory. */
    public GuestConfig withBacking(Backing other) {
        return new GuestConfig(ramBytes, other, vcpus, workload, dirtyRate, hotSetPercent, fillPercent, seed);
    }

    /** The guest's blocks; {@link #RAM}, {@link #VRAM} and {@link #ROM} are their places in the list. */
    public List<BlockSpec> blocks() {
        return List.of(
                new BlockSpec("ram", ramBytes, backing),
                new BlockSpec("vram", VRAM_BYTES, Backing.MEMFD),
                new BlockSpec("rom", ROM_BYTES, Backing.ANONYMOUS));
    }

    /** Bytes of all blocks, in whole pages. */
    public long totalBytes() {
        return blocks().stream().mapToLong(BlockSpec::mappedBytes).sum();
    }

    /** Whether a 4 KiB page of block {@code ram} is ever written. Page 0 always is: the guest information page. */
    public boolean filled(long page) {
        if (page == 0 || fillPercent == 100) {
            return true;
        }
        long extent = page / Math.max(EXTENT_PAGES, backing.pageBytes() / BasePage.BYTES);
        return Math.floorMod(SplitMix64.mix(seed * 31 + extent), 100) < fillPercent;
    }
}
