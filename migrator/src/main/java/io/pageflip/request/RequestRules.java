package io.pageflip.request;

import io.pageflip.guest.GuestConfig;
import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.Quantity;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.scenario.Step;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The rules for a request: which values are allowed, and which go together. Pure functions: users of a
 * {@link io.pageflip.request.MigrationRequest} check afterwards whether this host can do it. The sentences of a refusal
 * name options, because a person typed them, directly or in a script.
 */
public final class RequestRules {
    private static final long LEAST_RAM = 1 << 20;
    private static final long MOST_RATE = 1_000_000_000;
    private static final int WHOLE = 100;

    /** A gigabyte of 4 KiB pages in one call: more is not faster, and cannot be cancelled. */
    private static final int MOST_BATCH = 1 << 18;

    private static final int MOST_PREFETCH = 1 << 18;
    private static final int MOST_RECOVER_S = 1_000_000;
    private static final long MOST_DOWNTIME_MS = 2_000_000;
    private static final long LEAST_BANDWIDTH = 1 << 20;
    private static final double MOST_TIMEOUT_S = 1e6;
    private static final double LEAST_SWITCHOVER_S = 0.01;
    private static final double MOST_RUN_AFTER_S = 1e6;

    /** In the order in which they are checked: if several things are wrong, only the first one is reported. */
    private static final List<Rule> RULES = List.of(
            RequestRules::guest,
            RequestRules::place,
            RequestRules::ram,
            RequestRules::parts,
            RequestRules::adopt,
            RequestRules::mechanism,
            RequestRules::sharer,
            RequestRules::schedule,
            RequestRules::precopy,
            RequestRules::conditions,
            RequestRules::batch,
            RequestRules::switchoverTimeout,
            RequestRules::limits,
            RequestRules::prefetch,
            RequestRules::destination,
            RequestRules::moves,
            RequestRules::faults);

    private RequestRules() {}

    @FunctionalInterface
    private interface Rule {
        @Nullable
        Refusal refusal(MigrationRequest request);
    }

    /** The reason why the request must not be carried out; empty if it makes sense. */
    public static Optional<Refusal> check(MigrationRequest request) {
        for (Rule rule : RULES) {
            Refusal refusal = rule.refusal(request);
            if (refusal != null) {
                return Optional.of(refusal);
            }
        }
        return Optional.empty();
    }

    /**
     * Refuses a request that makes no sense.
     *
     * @throws RefusedException with the sentence of {@link #check}
     */
    public static void require(MigrationRequest request) throws RefusedException {
        refuse(check(request));
    }

    /**
     * As {@link #require}, for the parts of a request that count for a destination.
     *
     * @throws RefusedException with the sentence of {@link #checkDestination}
     */
    public static void requireDestination(MigrationRequest request) throws RefusedException {
        refuse(checkDestination(request));
    }

    private static void refuse(Optional<Refusal> refusal) throws RefusedException {
        if (refusal.isPresent()) {
            throw new RefusedException(refusal.get());
        }
    }

    /** As {@link #check}, for the parts of a request that count for a destination; see {@link MigrationRequest}. */
    public static Optional<Refusal> checkDestination(MigrationRequest request) {
        return Optional.ofNullable(first(destination(request), destinationFault(request)));
    }

    /**
     * The reason why pages cannot cross by this mechanism under this schedule; empty if they can. For a destination,
     * which knows of its source's request only what the greeting says.
     *
     * @param gifts whether the source gifts pages
     * @param moves whether the destination asks for pages to be moved
     */
    public static Optional<Refusal> checkSchedule(
            Schedule schedule, Mechanism mechanism, boolean gifts, boolean moves) {
        return Optional.ofNullable(schedule(schedule, mechanism, gifts, moves));
    }

    /**
     * The reason why the agent that took the guest cannot give it away again; empty if it can. The request must make
     * sense otherwise.
     */
    public static Optional<Refusal> checkPingPong(MigrationRequest request) {
        if (request.mechanism() == Mechanism.FUSE) {
            return Optional.of(Refusal.combination(
                    "--ping-pong migrates the guest again, and --mechanism fuse leaves its RAM in a private file "
                            + "mapping, which cannot be moved again; leave --ping-pong out"));
        }
        String lost = request.parts().sharer() != 0
                ? "sharer"
                : request.parts().conditions().keySet().stream().findFirst().orElse(null);
        return lost == null
                ? Optional.empty()
                : Optional.of(Refusal.combination("--ping-pong migrates the guest again, and --" + lost
                        + " is for the first migration only; leave one of them out"));
    }

    /** The default backing of RAM: the first one that {@code mechanism} can take pages from. */
    public static Backing backingFor(Mechanism mechanism) {
        return Arrays.stream(Backing.values())
                .filter(backing -> whyNot(mechanism, backing) == null)
                .findFirst()
                .orElseThrow();
    }

    private static @Nullable Refusal between(String option, long value, long least, long most) {
        return value >= least && value <= most
                ? null
                : Refusal.value(option + " " + value + ": it must be from " + least + " to " + most);
    }

    private static @Nullable Refusal first(@Nullable Refusal... refusals) {
        for (Refusal refusal : refusals) {
            if (refusal != null) {
                return refusal;
            }
        }
        return null;
    }

    private static @Nullable Refusal guest(MigrationRequest request) {
        GuestConfig guest = request.guest();
        return first(
                between("--vcpus", guest.vcpus(), 1, GuestInfoPage.MAX_VCPUS),
                between("--hot-set", guest.hotSetPercent(), 1, WHOLE),
                between("--fill", guest.fillPercent(), 0, WHOLE),
                between("--dirty-rate", guest.dirtyRate(), 0, MOST_RATE));
    }

    private static @Nullable Refusal place(MigrationRequest request) {
        boolean file = request.place().backing() == Backing.FILE;
        return file && request.ramDirectory() == null
                ? Refusal.combination("--backing file needs a directory on a disk; write --backing file:DIR, as in "
                        + "file:/var/tmp")
                : null;
    }

    private static @Nullable Refusal ram(MigrationRequest request) {
        long ram = request.guest().ramBytes();
        Backing backing = request.place().backing();
        Backing smallPages = backing == Backing.HUGETLB ? Backing.MEMFD : backing;
        if (!isRamOf(smallPages, ram)) {
            return Refusal.value(ramSentence(smallPages, ram));
        }
        return isRamOf(backing, ram) ? null : Refusal.combination(ramSentence(backing, ram));
    }

    private static boolean isRamOf(Backing kind, long bytes) {
        return bytes >= leastRam(kind) && bytes <= BlockSpec.MAX_LENGTH && bytes % kind.pageBytes() == 0;
    }

    private static long leastRam(Backing kind) {
        return Math.max(LEAST_RAM, kind.pageBytes());
    }

    private static String ramSentence(Backing kind, long bytes) {
        return "--ram " + Quantity.formatExact(bytes) + ": " + kind + " RAM must be from "
                + Quantity.formatExact(leastRam(kind)) + " to " + Quantity.formatExact(BlockSpec.MAX_LENGTH)
                + ", in whole pages of " + Quantity.formatExact(kind.pageBytes());
    }

    private static @Nullable Refusal parts(MigrationRequest request) {
        RamParts parts = request.parts();
        Refusal percent = percent("sharer", parts.sharer());
        for (Map.Entry<String, Integer> part : parts.conditions().entrySet()) {
            percent = first(percent, percent(part.getKey(), part.getValue()));
        }
        if (percent != null || parts.conditions().isEmpty()) {
            return percent;
        }
        String said = parts.conditions().entrySet().stream()
                .map(part -> "--" + part.getKey() + " " + part.getValue() + "%")
                .collect(Collectors.joining(", "));
        int sum =
                parts.conditions().values().stream().mapToInt(Integer::intValue).sum();
        if (sum > WHOLE) {
            return Refusal.value(said + ": together that is " + sum + "% of RAM; it must be 100% at most");
        }
        Backing backing = request.place().backing();
        if (!parts.atDestination() && backing != Backing.ANONYMOUS) {
            return Refusal.combination(said + ": only private memory can have such pages, and --backing "
                    + request.place() + " is not private; use --backing anonymous");
        }
        if (parts.atDestination() && (backing != Backing.MEMFD || parts.atSource())) {
            return Refusal.combination(said
                    + ": --present and --unmapped need --backing memfd, and --thp, --forked and --unaligned need "
                    + "--backing anonymous; use options for one backing");
        }
        int fill = request.guest().fillPercent();
        return fill == WHOLE
                ? null
                : Refusal.combination(said + ": every page of RAM must have been written, and --fill " + fill
                        + " leaves holes; leave --fill out");
    }

    private static @Nullable Refusal percent(String option, int percent) {
        return percent >= 0 && percent <= WHOLE
                ? null
                : Refusal.value("--" + option + " " + percent + "%: it must be from 1% to 100%");
    }

    private static @Nullable Refusal adopt(MigrationRequest request) {
        if (!request.adopts()) {
            return request.adopt().chunkBytes() == null ? null : Refusal.combination("--adopt-chunk is for --adopt");
        }
        if (request.place().backing() != Backing.ANONYMOUS) {
            return Refusal.combination("--adopt makes private RAM shareable, and --backing " + request.place()
                    + " is shared already; use --backing anonymous, or leave --adopt out");
        }
        if (request.mechanism() != Mechanism.FLIP) {
            return Refusal.combination("--adopt makes private RAM shareable so that it can be flipped, and --mechanism "
                    + request.mechanism() + " flips nothing; use --mechanism flip, or leave --adopt out");
        }
        if (!request.parts().conditions().isEmpty()) {
            return Refusal.combination(
                    "--adopt turns RAM into a memfd, and --thp, --forked and --unaligned need private "
                            + "memory; leave --adopt out, or those");
        }
        long chunk = request.adoptChunkBytes();
        if (chunk <= 0 || chunk % request.guest().backing().pageBytes() != 0) {
            return Refusal.value("--adopt-chunk " + Quantity.formatExact(chunk) + ": it must be whole pages of "
                    + Quantity.formatExact(request.guest().backing().pageBytes()));
        }
        if (chunk > request.guest().ramBytes()) {
            return Refusal.combination("--adopt-chunk " + Quantity.formatExact(chunk) + ": it must be at most --ram "
                    + Quantity.formatExact(request.guest().ramBytes()));
        }
        return null;
    }

    private static @Nullable Refusal mechanism(MigrationRequest request) {
        Mechanism mechanism = request.mechanism();
        String whyNot = whyNot(mechanism, request.guest().backing());
        if (whyNot != null) {
            return Refusal.combination(whyNot);
        }
        if (!request.gifts() && !mechanism.moves()) {
            return Refusal.combination(
                    "--no-gift changes nothing with --mechanism " + mechanism + ", which moves no page anyway");
        }
        if (request.noWayBack() && mechanism != Mechanism.GIFT) {
            return Refusal.combination(
                    "--no-way-back is for --mechanism gift; a page sent by " + mechanism + " can be taken back");
        }
        return null;
    }

    /**
     * The reason why pages in such memory cannot cross by this mechanism, and what to use instead; null if they can.
     */
    private static @Nullable String whyNot(Mechanism mechanism, Backing backing) {
        if (mechanism == Mechanism.FUSE && backing != Backing.FILE) {
            return "--mechanism fuse moves pages out of a file on a disk, and --backing " + backing
                    + " is memory; use --backing file:DIR, or --mechanism " + (backing.shareable() ? "flip" : "gift");
        }
        if (mechanism != Mechanism.FUSE && backing == Backing.FILE) {
            return "--backing file:DIR is for --mechanism fuse only, and this is --mechanism " + mechanism
                    + "; use --backing memfd, or --mechanism fuse";
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

    /** Refuses a third process that has nothing to map, or makes no difference. */
    private static @Nullable Refusal sharer(MigrationRequest request) {
        if (request.parts().sharer() == 0) {
            return null;
        }
        if (request.mechanism() != Mechanism.FLIP) {
            return Refusal.combination("--sharer keeps pages from being flipped, and --mechanism " + request.mechanism()
                    + " flips none; use --mechanism flip, or leave --sharer out");
        }
        if (request.adopts()) {
            return Refusal.combination(
                    "--sharer maps shared RAM from the start, and with --adopt RAM is private at the start; use "
                            + "--backing memfd");
        }
        if (request.place().backing() != Backing.MEMFD) {
            return Refusal.combination("--sharer maps only pages that hold data, and --backing " + request.place()
                    + " does not tell which do; use --backing memfd");
        }
        return request.gifts()
                ? null
                : Refusal.combination("--sharer changes nothing with --no-gift, which copies every page anyway");
    }

    private static @Nullable Refusal schedule(MigrationRequest request) {
        return schedule(request.schedule(), request.mechanism(), request.gifts(), request.moves());
    }

    private static @Nullable Refusal schedule(Schedule schedule, Mechanism mechanism, boolean gifts, boolean moves) {
        if (mechanism == Mechanism.FUSE && schedule != Schedule.STOP_AND_MOVE) {
            return Refusal.combination("--schedule " + schedule + " sends pages while the guest writes them, and "
                    + "--mechanism fuse moves clean pages only; use --schedule stop-and-move");
        }
        if (schedule == Schedule.POSTCOPY && (mechanism == Mechanism.GIFT || mechanism == Mechanism.STREAM)) {
            return Refusal.combination("--schedule postcopy has the destination fetch pages, and with "
                    + "--mechanism " + mechanism
                    + " only the source can send them; use --mechanism flip, or --mechanism pull");
        }
        if (schedule == Schedule.HANDOVER && mechanism != Mechanism.FLIP) {
            return Refusal.combination("--schedule handover lets both agents map the same pages, and --mechanism "
                    + mechanism + " copies them; use --mechanism flip, or --schedule stop-and-move");
        }
        boolean flips = mechanism == Mechanism.FLIP;
        if (schedule.announcesAllBeforePause() && flips && !(gifts && moves)) {
            return Refusal.combination("--schedule " + schedule + " maps the source's own pages, and "
                    + (gifts ? "--no-move" : "--no-gift") + " has every page copied; use --schedule stop-and-move");
        }
        if (schedule == Schedule.PRECOPY && flips) {
            return Refusal.combination("--schedule precopy copies pages while the guest runs, and --mechanism flip "
                    + "copies none; use --schedule handover, or --mechanism stream");
        }
        return null;
    }

    private static @Nullable Refusal precopy(MigrationRequest request) {
        MigrationRequest.Precopy precopy = request.precopy();
        if (request.schedule() != Schedule.PRECOPY) {
            return said(precopy).entrySet().stream()
                    .filter(Map.Entry::getValue)
                    .findFirst()
                    .map(option -> Refusal.combination(option.getKey() + " is for --schedule precopy"))
                    .orElse(null);
        }
        if (precopy.onTimeout() == PrecopyLimits.OnTimeout.POSTCOPY && request.mechanism() != Mechanism.PULL) {
            return Refusal.combination("--on-timeout postcopy has the destination fetch the pages that are left, and "
                    + "with --mechanism " + request.mechanism()
                    + " only the source can send them; use --mechanism pull, --on-timeout switch, or "
                    + "--on-timeout cancel");
        }
        return null;
    }

    private static Map<String, Boolean> said(MigrationRequest.Precopy precopy) {
        Map<String, Boolean> said = new LinkedHashMap<>();
        said.put("--downtime-limit", precopy.downtimeLimitMs() != null);
        said.put("--max-bandwidth", precopy.maxBandwidth() != null);
        said.put("--max-rounds", precopy.maxRounds() != null);
        said.put("--timeout", precopy.timeoutS() != null);
        said.put("--on-timeout", precopy.onTimeout() != null);
        said.put("--auto-converge", precopy.autoConverge());
        said.put("--dirty-tracking", precopy.dirtyTracking() != null);
        return said;
    }

    /** Refuses pages in conditions that make no difference to this migration. */
    private static @Nullable Refusal conditions(MigrationRequest request) {
        RamParts parts = request.parts();
        Mechanism mechanism = request.mechanism();
        boolean flips = mechanism == Mechanism.FLIP && request.gifts() && request.moves();
        if (parts.atDestination() && !flips) {
            return Refusal.combination(
                    "--present and --unmapped keep pages from being flipped, and this migration flips none; use "
                            + "--mechanism flip without --no-gift and --no-move, or leave them out");
        }
        if (parts.atDestination() && request.schedule() == Schedule.POSTCOPY) {
            return Refusal.combination("--present and --unmapped: with --schedule postcopy no page is mapped before "
                    + "the switchover; use --schedule handover, or stop-and-move");
        }
        if (parts.unaligned() != 0 && mechanism != Mechanism.GIFT) {
            return Refusal.combination("--unaligned " + parts.unaligned()
                    + "%: only --mechanism gift sends pages with vmsplice, and this is --mechanism " + mechanism
                    + "; use --mechanism gift, or leave --unaligned out");
        }
        return null;
    }

    private static @Nullable Refusal batch(MigrationRequest request) {
        return between("--batch", request.batchPages(), 1, MOST_BATCH);
    }

    private static @Nullable Refusal switchoverTimeout(MigrationRequest request) {
        Double seconds = request.transfer().switchoverTimeoutS();
        return seconds == null || (seconds >= LEAST_SWITCHOVER_S && seconds <= MOST_TIMEOUT_S)
                ? null
                : Refusal.value("--switchover-timeout " + seconds + ": it must be from " + LEAST_SWITCHOVER_S
                        + " to 1000000 seconds");
    }

    private static @Nullable Refusal limits(MigrationRequest request) {
        MigrationRequest.Precopy said = request.precopy();
        Refusal range = first(
                said.downtimeLimitMs() == null
                        ? null
                        : between("--downtime-limit", said.downtimeLimitMs(), 1, MOST_DOWNTIME_MS),
                said.maxBandwidth() == null
                        ? null
                        : between("--max-bandwidth", said.maxBandwidth(), LEAST_BANDWIDTH, Long.MAX_VALUE),
                said.maxRounds() == null ? null : between("--max-rounds", said.maxRounds(), 1, Integer.MAX_VALUE));
        if (range != null || said.timeoutS() == null) {
            return range;
        }
        double seconds = said.timeoutS();
        return seconds >= 0 && seconds <= MOST_TIMEOUT_S
                ? null
                : Refusal.value("--timeout " + seconds + ": it must be from 0 to 1000000 seconds");
    }

    private static @Nullable Refusal prefetch(MigrationRequest request) {
        return request.postcopy().prefetchPages() == null || request.mayPostcopy()
                ? null
                : Refusal.combination(
                        "--prefetch is for --schedule postcopy and for --on-timeout postcopy, and this is "
                                + "--schedule " + request.schedule());
    }

    private static @Nullable Refusal destination(MigrationRequest request) {
        MigrationRequest.Postcopy said = request.postcopy();
        Refusal range = first(
                said.prefetchPages() == null ? null : between("--prefetch", said.prefetchPages(), 1, MOST_PREFETCH),
                said.batchPages() == null ? null : between("--late-batch", said.batchPages(), 1, MOST_PREFETCH),
                said.recoverTimeoutS() == null
                        ? null
                        : between("--recover-timeout", said.recoverTimeoutS(), 0, MOST_RECOVER_S));
        if (range != null) {
            return range;
        }
        double seconds = request.runAfterS();
        return seconds >= 0 && seconds <= MOST_RUN_AFTER_S
                ? null
                : Refusal.value("--run-after " + seconds + ": it must be from 0 to 1000000 seconds");
    }

    private static @Nullable Refusal moves(MigrationRequest request) {
        if (request.moves()) {
            return null;
        }
        if (!request.mechanism().moves()) {
            return Refusal.combination("--no-move changes nothing with --mechanism " + request.mechanism()
                    + ", which moves no page anyway");
        }
        return request.mechanism() == Mechanism.FUSE
                ? Refusal.combination(
                        "--no-move: with --mechanism fuse it is the source that asks for moves; use --no-gift")
                : null;
    }

    private static @Nullable Refusal faults(MigrationRequest request) {
        return first(fault("source", request.sourceFault(), Step::isForSource), destinationFault(request));
    }

    private static @Nullable Refusal destinationFault(MigrationRequest request) {
        return fault("destination", request.destinationFault(), Step::isForDestination);
    }

    /**
     * Refuses a fault at a step that the agent never comes to: it would never happen, and a test of it could not fail.
     */
    private static @Nullable Refusal fault(String agent, ScriptedFault fault, Predicate<Step> comesTo) {
        for (ScriptedFault each = fault; each != null; each = each.next()) {
            if (each.action() != null && !comesTo.test(each.step())) {
                return Refusal.value("fault " + each.action() + "@" + each.step() + ": a " + agent
                        + " never comes to the step " + each.step() + "; its steps are "
                        + Arrays.stream(Step.values())
                                .filter(comesTo)
                                .map(Step::toString)
                                .collect(Collectors.joining(", ")));
            }
        }
        return null;
    }
}
