package io.pageflip.cli;

import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.Quantity;
import io.pageflip.ram.Backing;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say how pages cross, at the source's side. */
final class TransferOptions {
    /** A gigabyte of 4 KiB pages in one call: more is not faster, and cannot be cancelled. */
    private static final int MOST_BATCH = 1 << 18;

    /** As QEMU's. */
    private static final long DOWNTIME_LIMIT_MS = 300;

    private static final long MOST_DOWNTIME_MS = 2_000_000;
    private static final long LEAST_BANDWIDTH = 1 << 20;
    private static final double TIMEOUT_S = 30;
    private static final double MOST_TIMEOUT_S = 1e6;
    private static final long ADOPT_CHUNK = 256 << 10;
    private static final long NS_PER_MS = 1_000_000;
    private static final double NS_PER_S = 1e9;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--mechanism",
            paramLabel = "KIND",
            defaultValue = "auto",
            description =
                    "How a page crosses: ${COMPLETION-CANDIDATES}. auto is flip where RAM is shareable, fuse where it lies in "
                            + "a file on a disk, else gift (default: ${DEFAULT-VALUE}).")
    private Choice mechanism;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description =
                    "When pages cross: ${COMPLETION-CANDIDATES} (default: handover with flip, else stop-and-move).")
    private @Nullable Schedule schedule;

    @Option(
            names = "--downtime-limit",
            paramLabel = "MS",
            description = "precopy: stop the guest once the rest can be expected to cross in so many milliseconds "
                    + "(default: 300).")
    private @Nullable Long downtimeLimitMs;

    @Option(
            names = "--max-bandwidth",
            paramLabel = "SIZE",
            converter = Values.Size.class,
            description = "precopy: bytes a second, at most, that cross while the guest runs (default: no limit).")
    private @Nullable Long maxBandwidth;

    @Option(
            names = "--max-rounds",
            paramLabel = "N",
            description = "precopy: rounds, at most, while the guest runs (default: no limit).")
    private @Nullable Integer maxRounds;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "precopy: how long rounds may go on; 0 for ever (default: 30).")
    private @Nullable Double timeout;

    @Option(
            names = "--on-timeout",
            paramLabel = "ACTION",
            description = "precopy: what happens when rounds or time have run out: ${COMPLETION-CANDIDATES} "
                    + "(default: switch; postcopy with pull only).")
    private PrecopyLimits.@Nullable OnTimeout onTimeout;

    @Option(
            names = "--auto-converge",
            description =
                    "precopy: throttle the vCPUs, step by step, while they write faster than half of what crosses.")
    private boolean autoConverge;

    @Option(
            names = "--dirty-tracking",
            paramLabel = "KIND",
            description = "precopy: how the guest's writes are noticed: ${COMPLETION-CANDIDATES} "
                    + "(default: write-protect, by the kernel; log is the guest's own).")
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
                    "adopt: how much of RAM at a time, in whole pages; writers to it wait meanwhile (default: 256K).")
    private @Nullable Long adoptChunk;

    @Option(
            names = "--batch",
            paramLabel = "PAGES",
            defaultValue = "512",
            description = "Pages, of the block's own size, that one system call moves (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--no-gift", description = "Do not gift: every page is copied, with the reason not-gifted.")
    private boolean noGift;

    @Option(
            names = "--no-way-back",
            description =
                    "Allow gift on a kernel that really moves gifted pages: a failed migration then loses the guest.")
    private boolean noWayBack;

    /** {@code auto}, or a mechanism. */
    enum Choice {
        AUTO,
        FLIP,
        GIFT,
        STREAM,
        PULL,
        FUSE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    boolean gifts() {
        return !noGift;
    }

    boolean noWayBack() {
        return noWayBack;
    }

    int batch() {
        return (int) Values.between(spec, "--batch", batch, 1, MOST_BATCH);
    }

    /**
     * The guest in the memory that its pages cross from, which is adopted if that is wanted; a wrong value is a usage
     * error.
     *
     * @param scenario what is added to it
     * @param place what its RAM lies in, as it was written
     */
    GuestConfig adopted(GuestConfig guest, Scenario scenario, RamPlace place) {
        if (!adopt) {
            if (adoptChunk != null) {
                throw refused("--adopt-chunk is for --adopt");
            }
            return guest;
        }
        if (guest.backing() != Backing.ANONYMOUS) {
            throw refused("--adopt makes private RAM shareable, and --backing " + place
                    + " is shared already; use --backing anonymous, or leave --adopt out");
        }
        if (mechanism != Choice.AUTO && mechanism != Choice.FLIP) {
            throw refused("--adopt makes private RAM shareable so that it can be flipped, and --mechanism " + mechanism
                    + " takes it as it is; use --mechanism flip, or leave --adopt out");
        }
        if (!scenario.conditions().allPlain()) {
            throw refused(
                    "--adopt makes a memfd of RAM, whose pages are never as --thp, --forked and --unaligned want them;"
                            + " leave --adopt out, or those");
        }
        long chunk = adoptChunkBytes();
        if (chunk == 0 || chunk % guest.backing().pageBytes() != 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--adopt-chunk " + Quantity.formatExact(chunk) + ": it must be whole pages of "
                            + Quantity.formatExact(guest.backing().pageBytes()));
        }
        if (chunk > guest.ramBytes()) {
            throw refused("--adopt-chunk " + Quantity.formatExact(chunk) + ": it must be at most --ram "
                    + Quantity.formatExact(guest.ramBytes()));
        }
        return guest.withBacking(Backing.MEMFD);
    }

    boolean adopts() {
        return adopt;
    }

    /** The size of a chunk; 0 if nothing is to be adopted. */
    long adoptChunkBytes() {
        return !adopt ? 0 : adoptChunk == null ? ADOPT_CHUNK : adoptChunk;
    }

    /** The mechanism for a guest in such memory; a combination that makes no sense is a usage error. */
    Mechanism resolve(Backing backing) {
        Mechanism chosen = switch (mechanism) {
            case AUTO ->
                switch (backing) {
                    case MEMFD, HUGETLB -> Mechanism.FLIP;
                    case ANONYMOUS -> Mechanism.GIFT;
                    case FILE -> Mechanism.FUSE;
                };
            case FLIP -> Mechanism.FLIP;
            case GIFT -> Mechanism.GIFT;
            case STREAM -> Mechanism.STREAM;
            case PULL -> Mechanism.PULL;
            case FUSE -> Mechanism.FUSE;
        };
        String whyNot = whyNot(chosen, backing);
        if (whyNot != null) {
            throw refused(whyNot);
        }
        if (noGift && !chosen.moves()) {
            throw refused("--no-gift changes nothing with --mechanism " + chosen + ", which moves no page anyway");
        }
        if (noWayBack && chosen != Mechanism.GIFT) {
            throw refused("--no-way-back is for --mechanism gift; a page sent by " + chosen + " can be taken back");
        }
        return chosen;
    }

    /**
     * The schedule for a mechanism; a combination that makes no sense is a usage error.
     *
     * @param moves false with {@code --no-move}, where that is known
     */
    Schedule schedule(Mechanism chosen, boolean moves) {
        boolean canHandOver = chosen == Mechanism.FLIP && !noGift && moves;
        if (schedule == null) {
            refuseWithoutPrecopy();
            return canHandOver ? Schedule.HANDOVER : Schedule.STOP_AND_MOVE;
        }
        if (chosen == Mechanism.FUSE && schedule != Schedule.STOP_AND_MOVE) {
            throw refused("--schedule " + schedule + " needs pages that may cross while the guest writes them, and "
                    + "--mechanism fuse moves clean ones only; use --schedule stop-and-move");
        }
        if (schedule == Schedule.POSTCOPY && (chosen == Mechanism.GIFT || chosen == Mechanism.STREAM)) {
            throw refused("--schedule postcopy has the destination get the pages that it needs, and with --mechanism "
                    + chosen + " only the source can send them; use --mechanism flip, or --mechanism pull");
        }
        if (schedule == Schedule.HANDOVER && chosen != Mechanism.FLIP) {
            throw refused("--schedule handover lets both agents map the same pages, and --mechanism " + chosen
                    + " copies them; use --mechanism flip, or --schedule stop-and-move");
        }
        if (schedule.announcesAllBeforePause() && chosen == Mechanism.FLIP && !canHandOver) {
            throw refused("--schedule " + schedule + " has no pages left to copy for "
                    + (noGift ? "--no-gift" : "--no-move") + "; use --schedule stop-and-move");
        }
        if (schedule == Schedule.PRECOPY && chosen == Mechanism.FLIP) {
            throw refused("--schedule precopy copies pages while the guest runs, and --mechanism flip copies none; "
                    + "use --schedule handover, or --mechanism stream");
        }
        if (schedule != Schedule.PRECOPY) {
            refuseWithoutPrecopy();
        }
        if (onTimeout == PrecopyLimits.OnTimeout.POSTCOPY && chosen != Mechanism.PULL) {
            throw refused("--on-timeout postcopy has the destination get the pages that are left, and with --mechanism "
                    + chosen + " only the source can send them; use --mechanism pull, --on-timeout switch, or "
                    + "--on-timeout cancel");
        }
        return schedule;
    }

    /** Whether pages may cross after the switch, with such a schedule. */
    boolean mayPostcopy(Schedule when) {
        return when == Schedule.POSTCOPY || onTimeout == PrecopyLimits.OnTimeout.POSTCOPY;
    }

    /** Why pages in such memory cannot cross so, and what to use instead; null if they can. */
    private static @Nullable String whyNot(Mechanism mechanism, Backing backing) {
        if (mechanism == Mechanism.FUSE && backing != Backing.FILE) {
            return "--mechanism fuse moves pages out of a file on a disk, and --backing " + backing
                    + " is memory; use --backing file:DIR, or --mechanism " + (backing.shareable() ? "flip" : "gift");
        }
        if (mechanism != Mechanism.FUSE && backing == Backing.FILE) {
            return "--backing file:DIR is for --mechanism fuse, and --mechanism " + mechanism
                    + " has no use for a disk; use --backing memfd, or --mechanism fuse";
        }
        if (mechanism == Mechanism.FLIP && !backing.shareable()) {
            return "--mechanism flip needs RAM that both agents can map, and --backing " + backing
                    + " is private; use --backing memfd, or --mechanism gift, or --adopt";
        }
        if (mechanism == Mechanism.GIFT && backing.shareable()) {
            return "--mechanism gift gives away private anonymous pages, and --backing " + backing
                    + " is shared; use --backing anonymous, or --mechanism flip";
        }
        return null;
    }

    /** What RAM lies in where nobody says so: the first that {@code mechanism} can take. */
    static Backing backingFor(Mechanism mechanism) {
        return Arrays.stream(Backing.values())
                .filter(backing -> whyNot(mechanism, backing) == null)
                .findFirst()
                .orElseThrow();
    }

    private void refuseWithoutPrecopy() {
        Map<String, Boolean> given = new LinkedHashMap<>();
        given.put("--downtime-limit", downtimeLimitMs != null);
        given.put("--max-bandwidth", maxBandwidth != null);
        given.put("--max-rounds", maxRounds != null);
        given.put("--timeout", timeout != null);
        given.put("--on-timeout", onTimeout != null);
        given.put("--auto-converge", autoConverge);
        given.put("--dirty-tracking", dirtyTracking != null);
        given.forEach((option, used) -> {
            if (used) {
                throw refused(option + " is for --schedule precopy");
            }
        });
    }

    /** What a precopy is allowed. */
    PrecopyLimits limits() {
        long downtimeMs = downtimeLimitMs == null
                ? DOWNTIME_LIMIT_MS
                : Values.between(spec, "--downtime-limit", downtimeLimitMs, 1, MOST_DOWNTIME_MS);
        long bandwidth = maxBandwidth == null
                ? 0
                : Values.between(spec, "--max-bandwidth", maxBandwidth, LEAST_BANDWIDTH, Long.MAX_VALUE);
        int rounds =
                maxRounds == null ? 0 : (int) Values.between(spec, "--max-rounds", maxRounds, 1, Integer.MAX_VALUE);
        double seconds = timeout == null ? TIMEOUT_S : timeout;
        if (!(seconds >= 0 && seconds <= MOST_TIMEOUT_S)) {
            throw refused("--timeout " + seconds + ": it must be from 0 to " + MOST_TIMEOUT_S + " seconds");
        }
        return new PrecopyLimits(
                downtimeMs * NS_PER_MS,
                bandwidth,
                rounds,
                autoConverge,
                (long) (seconds * NS_PER_S),
                onTimeout == null ? PrecopyLimits.OnTimeout.SWITCH : onTimeout);
    }

    DirtyTracking dirtyTracking() {
        return dirtyTracking == null ? DirtyTracking.WRITE_PROTECT : dirtyTracking;
    }

    private CombinationException refused(String sentence) {
        return new CombinationException(spec.commandLine(), sentence);
    }

    /** The same options again, for an agent. */
    List<String> arguments(Mechanism resolved, Schedule when) {
        List<String> arguments =
                new ArrayList<>(List.of("--mechanism=" + resolved, "--schedule=" + when, "--batch=" + batch));
        if (noGift) {
            arguments.add("--no-gift");
        }
        if (noWayBack) {
            arguments.add("--no-way-back");
        }
        if (adopt) {
            arguments.add("--adopt");
            arguments.add("--adopt-chunk=" + adoptChunkBytes());
        }
        if (when == Schedule.PRECOPY) {
            PrecopyLimits limits = limits();
            arguments.add("--downtime-limit=" + limits.downtimeLimitNs() / NS_PER_MS);
            if (limits.maxBandwidth() > 0) {
                arguments.add("--max-bandwidth=" + limits.maxBandwidth());
            }
            if (limits.maxRounds() > 0) {
                arguments.add("--max-rounds=" + limits.maxRounds());
            }
            if (autoConverge) {
                arguments.add("--auto-converge");
            }
            arguments.add("--timeout=" + limits.timeoutNs() / NS_PER_S);
            arguments.add("--on-timeout=" + limits.onTimeout());
            arguments.add("--dirty-tracking=" + dirtyTracking());
        }
        return arguments;
    }

    void describe(Map<String, Object> request, Mechanism resolved, Schedule when, ChannelKind channel) {
        request.put("mechanism", resolved.toString());
        request.put("channel", channel.toString());
        request.put("schedule", when.toString());
        request.put("batch", batch);
        request.put("gift", !noGift);
        request.put("no-way-back", noWayBack);
        if (adopt) {
            request.put("adopt-chunk", adoptChunkBytes());
        }
        if (when == Schedule.PRECOPY) {
            PrecopyLimits limits = limits();
            request.put("downtime-limit", limits.downtimeLimitNs() / NS_PER_MS);
            request.put("max-bandwidth", limits.maxBandwidth());
            request.put("max-rounds", limits.maxRounds());
            request.put("auto-converge", autoConverge);
            request.put("timeout", limits.timeoutNs() / NS_PER_S);
            request.put("on-timeout", limits.onTimeout().toString());
            request.put("dirty-tracking", dirtyTracking().toString());
        }
    }
}
