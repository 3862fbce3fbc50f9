package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The destination's figures of a completed migration. Only figures that some schedules do not have can be null.
 *
 * @param totalTimeMs from the first message to the guest running at the destination
 * @param setupTimeMs from the first message until both sides are ready
 * @param ram QEMU's view of the pages
 * @param downtimePhasesNs of the vCPU that was paused the longest: from its last instruction at the source to its first
 *     at the destination
 * @param dryRunNs how long a vCPU executed nothing because of the dry run, 0.2 ms before the pause: no part of the
 *     downtime; null if there was no dry run
 * @param blackoutNs with postcopy: from the last instruction at the source until the first heartbeat at the destination
 *     was in memory, its page faults included, the longest over the vCPUs
 * @param postcopy how the postcopy pages were mapped; null with other schedules, and if the kernel had to map the rest
 *     of them
 * @param blocks the RAM blocks and how their pages crossed, at least one
 * @param evidence for the moves
 * @param guest what the guest did after the switchover
 * @param throughput of the guest around the switchover
 * @param guestTimeLost what the guest did not execute because of the migration; null if that is not known, and in
 *     reports of earlier versions
 * @param migrationGaps in the guest's heartbeat during the migration; null in reports of earlier versions
 * @param idleGapsNs of the guest without a migration
 * @param trace when things happened; null if nobody asked
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({
    "total-time",
    "setup-time",
    "downtime",
    "ram",
    "downtime-ns",
    "downtime-phases-ns",
    "practice-ns",
    "blackout-ns",
    "postcopy",
    "pages"
})
public record Measured(
        @JsonProperty("total-time") long totalTimeMs,
        @JsonProperty("setup-time") long setupTimeMs,
        Ram ram,
        DowntimePhases downtimePhasesNs,
        @JsonProperty("practice-ns") @Nullable Long dryRunNs,
        @Nullable Long blackoutNs,
        @Nullable PostcopyResult postcopy,
        List<Block> blocks,
        Evidence evidence,
        GuestActivity guest,
        Throughput throughput,
        @Nullable GuestTimeLost guestTimeLost,
        @Nullable MigrationGaps migrationGaps,
        IdleGaps idleGapsNs,
        @Nullable Trace trace) {
    private static final double NS_PER_MS = 1e6;

    public Measured {
        Objects.requireNonNull(ram, "ram");
        Objects.requireNonNull(downtimePhasesNs, "downtime-phases-ns");
        blocks = List.copyOf(blocks);
        Objects.requireNonNull(evidence, "evidence");
        Objects.requireNonNull(guest, "guest");
        Objects.requireNonNull(throughput, "throughput");
        Objects.requireNonNull(idleGapsNs, "idle-gaps-ns");
        if (postcopy != null && blackoutNs == null) {
            throw new IllegalArgumentException("a postcopy without a blackout");
        }
    }

    /** From the last guest instruction at the source to the first at the destination, the longest over the vCPUs. */
    @JsonProperty
    public long downtimeNs() {
        return downtimePhasesNs.total();
    }

    /** The downtime, rounded to milliseconds, for tools that expect QEMU's integer. */
    @JsonProperty("downtime")
    public long downtimeMs() {
        return Math.round(downtimeNs() / NS_PER_MS);
    }

    /** All pages of all blocks, each block's own. */
    @JsonProperty
    public PageCounts pages() {
        return blocks.stream().map(Block::pages).reduce(PageCounts.NONE, PageCounts::plus);
    }

    /**
     * QEMU's view of the RAM.
     *
     * @param total bytes of guest RAM
     * @param transferred bytes that went through the channel, records included
     * @param remaining bytes that have not crossed
     * @param duplicate zero pages, of 4 KiB or the block's size
     * @param normal pages that are not zero
     * @param normalBytes bytes in them
     * @param pageSize of block {@code ram}
     * @param mbps guest bytes that crossed during the pages phase, in 10^6 bits a second
     * @param pagesPerSecond pages that crossed during the pages phase
     */
    public record Ram(
            long total,
            long transferred,
            long remaining,
            long duplicate,
            long normal,
            long normalBytes,
            int pageSize,
            double mbps,
            long pagesPerSecond) {}

    /**
     * One RAM block.
     *
     * @param pagesNs the block's part of the pages phase, in nanoseconds: blocks cross one after the other
     */
    public record Block(String name, String backing, int pageSize, long bytes, PageCounts pages, long pagesNs) {}

    /**
     * What the guest did after the migration.
     *
     * @param ranForNs how long the guest was watched, in nanoseconds
     * @param instructions number of instructions that it executed in that time
     * @param pagesWritten number of pages that it wrote in that time
     */
    public record GuestActivity(long ranForNs, long instructions, long pagesWritten) {}
}
