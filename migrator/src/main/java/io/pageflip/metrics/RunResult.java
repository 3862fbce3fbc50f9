package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.pageflip.ram.Adoption;
import io.pageflip.verification.Verification;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one migration came to: an element of {@code runs} in the JSON report. Field names become kebab-case there; they
 * are QEMU's ({@code query-migrate}) where it has them. Parts that a failed migration never reached are null, and
 * absent from JSON.
 *
 * @param status of the migration
 * @param owner who has the guest now: {@code source}, {@code destination}, {@code nobody} if it is lost, or
 *     {@code unknown} to a destination whose source has gone
 * @param totalTime milliseconds from the first message to the guest running at the destination
 * @param setupTime milliseconds from the first message until both sides are ready
 * @param downtime milliseconds, rounded, for tools that expect QEMU's integer
 * @param downtimeNs from the last guest instruction on the source to the first on the destination, the longest over
 *     vCPUs
 * @param dryRunNs how long a vCPU had executed nothing because it practised the switch, a fifth of a millisecond before
 *     it: no part of the downtime; null where none did
 * @param blackoutNs with postcopy: until the first heartbeat on the destination was really in memory, its page faults
 *     included, the longest over vCPUs
 * @param postcopy what became of the pages that were mapped after the switch; null with other schedules
 * @param throughput of the guest around the switch
 * @param idleGapsNs of the guest without a migration
 * @param precopy the rounds, where there were any and the source could be asked
 * @param adopt how private RAM became shared before, as far as it came; null if that was not asked for
 * @param fuse what the source's FUSE file cost; null with other mechanisms, and where the source could not be asked
 * @param peakPssBytes the larger of the sums of both agents' PSS when they were ready and when the guest had resumed; 0
 *     if not known
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunResult(
        MigrationStatus status,
        String owner,
        @Nullable Long totalTime,
        @Nullable Long setupTime,
        @Nullable Long downtime,
        @Nullable Ram ram,
        @Nullable Long downtimeNs,
        @Nullable DowntimePhases downtimePhasesNs,
        @JsonProperty("practice-ns") @Nullable Long dryRunNs,
        @Nullable Long blackoutNs,
        @Nullable PostcopyResult postcopy,
        @Nullable PageCounts pages,
        @Nullable List<Block> blocks,
        @Nullable Evidence evidence,
        @Nullable VerificationResult verification,
        @Nullable GuestActivity guest,
        @Nullable Throughput throughput,
        @Nullable IdleGaps idleGapsNs,
        @Nullable Long peakPssBytes,
        @Nullable Precopy precopy,
        Adoption.@Nullable Figures adopt,
        @Nullable FuseResult fuse,
        @Nullable Failure error) {

    /** How a migration ended of which there are no figures: because it failed, or the destination cannot tell them. */
    public static RunResult ended(
            MigrationStatus status, String owner, @Nullable VerificationResult verification, @Nullable Failure error) {
        return new RunResult(
                status,
                owner,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                verification,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                error);
    }

    /** The same, with the reason that the other agent knows better. */
    public RunResult withError(@Nullable Failure reason) {
        return ended(status, owner, verification, reason).withPrecopy(precopy).withAdopt(adopt);
    }

    /** The same, with the peak memory that only the other agent could complete. */
    public RunResult withPeakPss(long peak) {
        return with(peak, precopy, adopt, fuse);
    }

    /** The same, with the rounds that only the source knows. */
    public RunResult withPrecopy(@Nullable Precopy rounds) {
        return with(peakPssBytes, rounds, adopt, fuse);
    }

    /** The same, with what only the source knows of an adoption. */
    public RunResult withAdopt(Adoption.@Nullable Figures figures) {
        return with(peakPssBytes, precopy, figures, fuse);
    }

    /** The same, with what only the source knows of its FUSE file. */
    public RunResult withFuse(@Nullable FuseResult served) {
        return with(peakPssBytes, precopy, adopt, served);
    }

    private RunResult with(
            @Nullable Long peak,
            @Nullable Precopy rounds,
            Adoption.@Nullable Figures adopted,
            @Nullable FuseResult served) {
        return new RunResult(
                status,
                owner,
                totalTime,
                setupTime,
                downtime,
                ram,
                downtimeNs,
                downtimePhasesNs,
                dryRunNs,
                blackoutNs,
                postcopy,
                pages,
                blocks,
                evidence,
                verification,
                guest,
                throughput,
                idleGapsNs,
                peak,
                rounds,
                adopted,
                served,
                error);
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
     * @param pagesNs its part of the pages phase: blocks cross one after the other
     */
    public record Block(String name, String backing, int pageSize, long bytes, PageCounts pages, long pagesNs) {}

    /**
     * Frame numbers of both sides, compared.
     *
     * @param framesVisible whether this process may see frame numbers ({@code CAP_SYS_ADMIN})
     * @param compared pages whose frame was known on both sides
     * @param same pages that lie in the same frame
     * @param relocatedByKernel pages in another frame, while the kernel was relocating pages
     * @param different pages in another frame, with no such excuse
     * @param decidedBy {@code frames}; {@code probe} where only a probe could tell whether this kernel moves gifted
     *     pages; {@code none} where nothing was moved
     * @param stillMapped pages that a third process maps; null without one
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Evidence(
            boolean framesVisible,
            long compared,
            long same,
            long relocatedByKernel,
            long different,
            String decidedBy,
            @Nullable StillMapped stillMapped) {
        /** Where no third process maps pages. */
        public Evidence(
                boolean framesVisible,
                long compared,
                long same,
                long relocatedByKernel,
                long different,
                String decidedBy) {
            this(framesVisible, compared, same, relocatedByKernel, different, decidedBy, null);
        }
    }

    /**
     * Pages that were copied because a third process maps them.
     *
     * @param pages that were copied for that reason
     * @param confirmed of them, which more than one process mapped before the guest was stopped, as the kernel counts;
     *     null where frames, or their counts, are hidden
     * @param compared of them, whose frame was known on both sides
     * @param elsewhere of these, which lie in another frame at the destination, as copies must
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record StillMapped(long pages, @Nullable Long confirmed, long compared, long elsewhere) {}

    /**
     * The guest's content, compared with what it must be.
     *
     * @param status {@code match}, {@code mismatch} or {@code skipped}
     * @param pages 4 KiB pages compared
     * @param vcpus whether registers and memory agree
     * @param console whether every console line came out complete and once
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record VerificationResult(
            String status,
            long pages,
            long lost,
            long stale,
            long torn,
            long misplaced,
            @Nullable Boolean vcpus,
            @Nullable Boolean console,
            @Nullable Long consoleLines) {
        /** The user did not want one. */
        public static final VerificationResult SKIPPED =
                new VerificationResult("skipped", 0, 0, 0, 0, 0, null, null, null);

        public static VerificationResult of(Verification v) {
            return new VerificationResult(
                    v.matches() ? "match" : "mismatch",
                    v.pages(),
                    v.lost(),
                    v.stale(),
                    v.torn(),
                    v.misplaced(),
                    v.vcpus(),
                    v.console(),
                    v.consoleLines());
        }

        /** Whether a difference was found. */
        public boolean mismatch() {
            return "mismatch".equals(status);
        }
    }

    /**
     * How the guest did after the migration.
     *
     * @param ranForNs how long it was watched
     * @param instructions it executed meanwhile
     * @param pagesWritten it wrote meanwhile
     */
    public record GuestActivity(long ranForNs, long instructions, long pagesWritten) {}

    /**
     * Pages that were mapped after the switch: touched, prefetched and in the background add up to them.
     *
     * @param faults page faults served
     * @param touchedPages mapped because a vCPU, or the agent, touched them
     * @param prefetchedPages mapped because they lie near a touched one
     * @param backgroundPages mapped without being asked for
     * @param waits instructions that waited for a page
     * @param waitNs how long, from before the touch to after it; percentiles of the first 65,536 of each vCPU
     * @param lastPageNs from the first instruction, or what the agent saw of it, until the last page was mapped
     * @param recoveries how often the connection to a source that was still needed broke, and came back
     * @param pausedNs how long nothing could be fetched because of that
     */
    public record PostcopyResult(
            long faults,
            long touchedPages,
            long prefetchedPages,
            long backgroundPages,
            long waits,
            Wait waitNs,
            long lastPageNs,
            int recoveries,
            long pausedNs) {
        /** Percentiles, in nanoseconds; 0 where nobody waited. */
        public record Wait(
                long p50,
                long p90,
                long p99,
                @JsonProperty("p99.9") long p999,
                long max) {}
    }

    /**
     * The pages that went through a FUSE file.
     *
     * @param writeBackRunningNs that it took to write dirty pages to the disk while the guest ran
     * @param writeBackStandingNs the same while it stood, and to unmap all pages: a part of the downtime's {@code stop}
     * @param reads requests of the kernel that were answered
     * @param splicedPages pages that went through the pipe, holes included
     */
    public record FuseResult(long writeBackRunningNs, long writeBackStandingNs, long reads, long splicedPages) {}

    /** Why there is no migration: the kind of failure, and a sentence. */
    public record Failure(@JsonProperty("class") String kind, String message) {
        /** The host lacks what was asked for. */
        public static final String HOST_LACKS = "host-lacks";

        /** The guest wrote faster than its pages could be copied, and the user wanted no switch then. */
        public static final String NOT_CONVERGED = "not-converged";

        /** What was asked for makes no sense. */
        public static final String USAGE = "usage";
    }
}
