package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.log.EventLog;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.Precopy;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.ram.RamBlock;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A precopy at the source: all pages, and then in rounds those that the guest wrote meanwhile, while it runs; and at
 * last, while it stands, the rest. Used by the agent's one thread.
 *
 * <p>A round ends when the destination has everything of it: only then is it known how fast pages cross. In rounds no
 * page is gifted, since the guest may write it again: what a gift promises is that it will not. Pages of the rounds are
 * vmspliced without {@code SPLICE_F_GIFT}, which every kernel copies; those of the last round are gifts.
 *
 * <p>If it ends in a postcopy, the destination is told which pages are out of date, and forgets them: nearly all of
 * them while the guest still runs, so that what it wrote since the last round is all that has to be told while it
 * stands.
 */
final class PrecopyRounds implements AutoCloseable {
    private static final EventLog EVENTS = EventLog.of("source");
    private static final long SLICE_NS = 10_000_000;
    private static final long RECEIVED_TIMEOUT_S = 30;

    /** Fewer pages than these are told while the guest stands. */
    private static final int FEW_PAGES = 64;

    private static final int MOST_TELLINGS = 8;
    private static final double NS_PER_S = 1e9;
    private static final double NS_PER_MS = 1e6;
    private static final double BITS_PER_MEGABIT = 8 / 1e6;

    private final Guest guest;
    private final SwitchoverPage page;
    private final StreamWriter stream;
    private final SourceOptions options;
    private final DestinationLink link;
    private final NanoClock clock;
    private final RateLimit pace;
    private final List<PageBitmap> sent = new ArrayList<>();
    private final List<PageBitmap> told = new ArrayList<>();
    private final List<Precopy.Round> rounds = new ArrayList<>();
    private List<PageBitmap> due = new ArrayList<>();
    private @Nullable DirtyTracker tracker;
    private long roundStartNs;
    private long roundBytes;
    private int throttlePercent;
    private boolean endsInPostcopy;

    PrecopyRounds(
            Guest guest,
            SwitchoverPage page,
            StreamWriter stream,
            SourceOptions options,
            DestinationLink link,
            NanoClock clock) {
        this.guest = guest;
        this.page = page;
        this.stream = stream;
        this.options = options;
        this.link = link;
        this.clock = clock;
        this.pace = new RateLimit(options.limits().maxBandwidth());
        for (RamBlock block : guest.blocks()) {
            sent.add(new PageBitmap(block.spec().pages()));
            told.add(new PageBitmap(block.spec().pages()));
        }
    }

    /** What happens around the rounds. */
    interface Listener {
        /** A round of so many pages begins. */
        void begins(long pages);

        /** So many more pages are sent. */
        void sent(int pages);

        /** The destination has a whole round. */
        void received(int round);
    }

    /**
     * Sends rounds until the guest should be stopped.
     *
     * @throws NotConvergedException if it should rather stay
     * @throws io.pageflip.os.HostLacksException if this host cannot tell what it writes
     */
    void run(Listener listener) throws IOException {
        track();
        SendPlan plan = new SendPlan(options.mechanism(), options.schedule(), false, stream);
        long startNs = clock.nanoTime();
        for (int round = 1; ; round++) {
            long pages = count(due);
            listener.begins(pages);
            roundStartNs = clock.nanoTime();
            roundBytes = 0;
            send(plan, listener);
            stream.write(FrameHeader.bodiless(FrameType.ROUND));
            RoundAcknowledgement.await(page, round, link, clock, RECEIVED_TIMEOUT_S);
            long nowNs = clock.nanoTime();
            listener.received(round);
            due = takeAll();
            RoundStats stats = new RoundStats(
                    round, roundBytes, nowNs - roundStartNs, bytes(due), nowNs - startNs, throttlePercent);
            PrecopyDecision decision = PrecopyDecision.decide(stats, options.limits());
            rounds.add(describe(stats, pages, decision));
            if (EVENTS.isOn()) {
                EVENTS.event("round", rounds.get(rounds.size() - 1).summary());
            }
            if (decision.action() == PrecopyDecision.Action.SWITCH) {
                return;
            }
            if (decision.action() == PrecopyDecision.Action.POSTCOPY) {
                endsInPostcopy = true;
                tellWhileItRuns(plan, round);
                return;
            }
            if (decision.action() == PrecopyDecision.Action.CANCEL) {
                throw new NotConvergedException(notConverged(stats, decision));
            }
            throttlePercent = decision.throttlePercent();
            guest.throttle(throttlePercent);
        }
    }

    /** Notes writes from now on, and finds what there is to send first. */
    private void track() throws IOException {
        // What the kernel's tracker puts on a hole looks like a page that was swapped out: the holes must be found
        // before.
        // What the guest writes between the two is in its own log.
        DirtyTracker log = guest.trackDirty(DirtyTracking.LOG);
        tracker = log;
        for (RamBlock block : guest.blocks()) {
            due.add(DataMap.scan(block).pages());
        }
        if (options.dirtyTracking() != DirtyTracking.LOG) {
            try (log) {
                tracker = guest.trackDirty(options.dirtyTracking());
                for (int i = 0; i < due.size(); i++) {
                    due.get(i).addAll(log.take(i));
                }
            }
        }
    }

    private void send(SendPlan plan, Listener listener) throws IOException {
        for (int i = 0; i < due.size(); i++) {
            RamBlock block = guest.blocks().get(i);
            int pageBytes = block.spec().pageBytes();
            SendPlan.BatchListener batches = count -> {
                roundBytes += (long) count * pageBytes;
                listener.sent(count);
                link.check();
                awaitPace();
            };
            plan.sendPages(i, block, due.get(i), pace.batch(options.batchPages(), pageBytes), batches);
            sent.get(i).addAll(due.get(i));
        }
    }

    private void awaitPace() throws IOException {
        long waitNs = pace.waitNs(roundBytes, clock.nanoTime() - roundStartNs);
        while (waitNs > 0) {
            LockSupport.parkNanos(Math.min(waitNs, SLICE_NS));
            link.check();
            waitNs = pace.waitNs(roundBytes, clock.nanoTime() - roundStartNs);
        }
    }

    private List<PageBitmap> takeAll() throws IOException {
        if (tracker == null) {
            throw new IllegalStateException("nobody notes what the guest writes");
        }
        List<PageBitmap> taken = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            taken.add(tracker.take(i));
        }
        return taken;
    }

    private Precopy.Round describe(RoundStats stats, long pages, PrecopyDecision decision) {
        return new Precopy.Round(
                stats.round(),
                pages,
                stats.sentBytes(),
                count(due),
                stats.dirtyBytes(),
                stats.durationNs(),
                stats.bytesPerSecond() * BITS_PER_MEGABIT,
                stats.expectedDowntimeNs(),
                stats.throttlePercent(),
                decision.action().toString(),
                decision.reason());
    }

    private String notConverged(RoundStats stats, PrecopyDecision decision) {
        return String.format(
                Locale.ROOT,
                "%s: after round %d and %.1f s the guest would still stand for %.0f ms, and the limit is %.0f ms",
                decision.reason(),
                stats.round(),
                stats.elapsedNs() / NS_PER_S,
                stats.expectedDowntimeNs() / NS_PER_MS,
                options.limits().downtimeLimitNs() / NS_PER_MS);
    }

    /** Whether what is left crosses after the switch. */
    boolean endsInPostcopy() {
        return endsInPostcopy;
    }

    /** Sends what is left of a guest that stands; without a limit on bandwidth. */
    void sendRest(SendPlan plan, SendPlan.BatchListener listener) throws IOException {
        List<PageBitmap> last = takeAll();
        for (int i = 0; i < due.size(); i++) {
            due.get(i).addAll(last.get(i));
            plan.sendPages(i, guest.blocks().get(i), due.get(i), options.batchPages(), listener);
            sent.get(i).addAll(due.get(i));
        }
    }

    /**
     * Tells the pages that are due: they stay here, and the destination forgets what it has of them. And again, as long
     * as the guest has written many others meanwhile: a page is told once, however often it is written after that.
     */
    private void tellWhileItRuns(SendPlan plan, int round) throws IOException {
        for (int times = 1; times <= MOST_TELLINGS && count(due) > FEW_PAGES; times++) {
            tell(plan);
            stream.write(FrameHeader.bodiless(FrameType.ROUND));
            RoundAcknowledgement.await(page, round + times, link, clock, RECEIVED_TIMEOUT_S);
            due = takeUntold();
        }
    }

    /** Tells what else is left of a guest that stands. */
    void tellRest(SendPlan plan) throws IOException {
        List<PageBitmap> last = takeUntold();
        for (int i = 0; i < due.size(); i++) {
            due.get(i).addAll(last.get(i));
        }
        tell(plan);
    }

    private void tell(SendPlan plan) throws IOException {
        for (int i = 0; i < due.size(); i++) {
            plan.announcePostcopyPages(i, due.get(i));
            told.get(i).addAll(due.get(i));
            sent.get(i).addAll(due.get(i));
        }
    }

    private List<PageBitmap> takeUntold() throws IOException {
        List<PageBitmap> taken = takeAll();
        for (int i = 0; i < taken.size(); i++) {
            taken.get(i).removeAll(told.get(i));
        }
        return taken;
    }

    /** The pages of each block that were never sent, because nothing was ever there. */
    List<Long> holes() {
        List<Long> holes = new ArrayList<>();
        for (PageBitmap pages : sent) {
            holes.add(pages.pages() - pages.cardinality());
        }
        return holes;
    }

    /** The rounds so far, for the report. */
    Precopy report() {
        return new Precopy(
                options.dirtyTracking().toString(), options.limits().downtimeLimitNs() / (long) NS_PER_MS, rounds);
    }

    private static long count(List<PageBitmap> sets) {
        long count = 0;
        for (PageBitmap pages : sets) {
            count += pages.cardinality();
        }
        return count;
    }

    private long bytes(List<PageBitmap> sets) {
        long bytes = 0;
        for (int i = 0; i < sets.size(); i++) {
            bytes += sets.get(i).cardinality() * guest.blocks().get(i).spec().pageBytes();
        }
        return bytes;
    }

    /** Lets the guest run as it likes again, unnoticed. */
    @Override
    public void close() {
        guest.throttle(0);
        if (tracker != null) {
            tracker.close();
            tracker = null;
        }
    }
}
