package io.pageflip.cli;

import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say how pages cross. */
final class TransferOptions {
    @Option(
            names = "--mechanism",
            paramLabel = "KIND",
            defaultValue = "auto",
            description =
                    "How a page crosses: ${COMPLETION-CANDIDATES}. auto is flip where RAM is shareable, fuse where it lies in "
                            + "a file on a disk, else gift (default: ${DEFAULT-VALUE}).")
    private @Nullable Choice mechanism;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description =
                    "When pages cross: ${COMPLETION-CANDIDATES} (default: handover with flip, else stop-and-move).")
    private @Nullable Schedule schedule;

    @Option(
            names = "--downtime-limit",
            paramLabel = "MS",
            description =
                    "precopy: pause the guest once the remaining pages are expected to cross within MS milliseconds "
                            + "(default: 300).")
    private @Nullable Long downtimeLimitMs;

    @Option(
            names = "--max-bandwidth",
            paramLabel = "SIZE",
            converter = Values.Size.class,
            description =
                    "precopy: maximum number of bytes a second that cross while the guest runs (default: no limit).")
    private @Nullable Long maxBandwidth;

    @Option(
            names = "--max-rounds",
            paramLabel = "N",
            description = "precopy: maximum number of rounds while the guest runs (default: no limit).")
    private @Nullable Integer maxRounds;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "precopy: maximum time for the rounds; 0 for no limit (default: 30).")
    private @Nullable Double timeout;

    @Option(
            names = "--on-timeout",
            paramLabel = "ACTION",
            description = "precopy: what to do when --max-rounds or --timeout is reached: ${COMPLETION-CANDIDATES} "
                    + "(default: switch; postcopy with pull only).")
    private PrecopyLimits.@Nullable OnTimeout onTimeout;

    @Option(
            names = "--auto-converge",
            description =
                    "precopy: throttle the vCPUs, step by step, while they write more than half as fast as pages cross.")
    private boolean autoConverge;

    @Option(
            names = "--dirty-tracking",
            paramLabel = "KIND",
            description = "precopy: how the guest's writes are tracked: ${COMPLETION-CANDIDATES} "
                    + "(default: write-protect, by the kernel; log is kept by the guest itself).")
    private @Nullable DirtyTracking dirtyTracking;

    @Option(
            names = "--adopt",
            description =
                    "With --backing anonymous: RAM becomes a memfd, in place, while the guest runs, so that it can be "
                            + "flipped. Pages that a device has pinned stay private, and are copied.")
    private boolean adopt;

    @Option(
            names = "--adopt-chunk",
            paramLabel = "SIZE",
            converter = Values.Size.class,
            description =
                    "adopt: size of the piece of RAM that is adopted at a time; a vCPU that writes to it waits (default: 256K).")
    private @Nullable Long adoptChunk;

    @Option(
            names = "--batch",
            paramLabel = "PAGES",
            defaultValue = "512",
            description =
                    "Maximum number of pages, of the block's own page size, that one system call moves (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--no-gift", description = "Do not gift: every page is copied, with the reason not-gifted.")
    private boolean noGift;

    @Option(
            names = "--no-way-back",
            description =
                    "Allow gift on a kernel that really moves gifted pages: a failed migration then loses the guest.")
    private boolean noWayBack;

    @Option(
            names = "--switchover-timeout",
            paramLabel = "SECONDS",
            description =
                    "Maximum time that the guest is paused: the source takes it back after that (default: 5, and 1 "
                            + "more for each 32 MiB that cross during the pause).")
    private @Nullable Double switchoverTimeout;

    /** {@code auto}, or a mechanism. */
    enum Choice {
        AUTO(null),
        FLIP(Mechanism.FLIP),
        GIFT(Mechanism.GIFT),
        STREAM(Mechanism.STREAM),
        PULL(Mechanism.PULL),
        FUSE(Mechanism.FUSE);

        private final @Nullable Mechanism mechanism;

        Choice(@Nullable Mechanism mechanism) {
            this.mechanism = mechanism;
        }

        @Override
        public String toString() {
            return mechanism == null ? "auto" : mechanism.toString();
        }
    }

    /** Whether it was said how pages cross, or when. */
    boolean nameTheWay() {
        return schedule != null || (mechanism != null && mechanism != Choice.AUTO);
    }

    boolean adopts() {
        return adopt;
    }

    void fill(RequestBuilder request) {
        request.mechanism(mechanism == null ? null : mechanism.mechanism)
                .schedule(schedule)
                .batchPages(batch)
                .gifts(!noGift)
                .noWayBack(noWayBack)
                .switchoverTimeoutS(switchoverTimeout)
                .adopt(new MigrationRequest.Adopt(adopt, adoptChunk))
                .precopy(new MigrationRequest.Precopy(
                        downtimeLimitMs, maxBandwidth, maxRounds, autoConverge, timeout, onTimeout, dirtyTracking));
    }
}
