package io.pageflip.source;

import io.pageflip.agent.MigrationControl;
import io.pageflip.guest.Guest;
import io.pageflip.log.EventLog;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.SourceSide;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.scenario.Step;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.warmup.ScratchSource;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A precopy at the source. While the guest runs, the source sends all pages, and then, in rounds, those that the guest
 * has written since they were sent. While the guest is paused, it sends the rest. Used by the agent's one thread.
 *
 * <p>A round ends when the destination has received everything of it: only then does the source know how fast pages
 * cross. In a round no page is gifted: a gift promises that the guest will not write the page again, and here it may.
 * With {@code gift}, the pages of the rounds are vmspliced without {@code SPLICE_F_GIFT}, so every kernel copies them;
 * only the pages that cross while the guest is paused are gifts.
 *
 * <p>If the precopy ends in a postcopy, the source announces which pages are out of date, and the destination forgets
 * them. The source announces nearly all of them while the guest still runs. While the guest is paused, it only
 * announces those that the guest wrote since the last round.
 */
final class Precopy implements OutgoingSchedule {
    private static final EventLog EVENTS = EventLog.of("source");
    private static final long SLICE_NS = 10_000_000;
    private static final long RECEIVED_TIMEOUT_S = 30;

    /** If no more pages than these are left, they are announced while the guest is paused. */
    private static final int FEW_PAGES = 64;

    private static final int MOST_ANNOUNCEMENTS = 8;
    private static final int LEAST_SLICE = 1024;
    private static final int MOST_SLICES = 64;

    private final OutgoingMigration migration;
    private final MigrationRequest request;
    private final Guest guest;
    private final MigrationControl control;
    private final PrecopyLog log;
    private final SendPlan roundsPlan;
    private final SendPlan.BatchListener lastSent;
    private final PageSets sent;
    private final PageSets announced;
    private PageSets due;
    private @Nullable DirtyTracker tracker;
    private long roundStartNs;
    private long roundBytes;
    private long roundPages;
    private RateLimit rateLimit = new RateLimit(0);
    private long limitedSinceNs;
    private long limitedBytes;
    private int throttlePercent;
    private boolean endsInPostcopy;

    Precopy(OutgoingMigration migration) {
        this.migration = migration;
        this.request = migration.request();
        this.guest = migration.guest();
        this.control = migration.context().control();
        this.log = new PrecopyLog(request.dirtyTracking());
        this.roundsPlan = new SendPlan(request.mechanism(), request.schedule(), false, migration.stream());
        this.lastSent = pages -> {
            migration.pagesHaveLeft();
            migration.link().check();
        };
        List<BlockSpec> specs = new ArrayList<>();
        for (RamBlock block : guest.blocks()) {
            specs.add(block.spec());
        }
        this.sent = PageSets.empty(specs);
        this.announced = PageSets.empty(specs);
        this.due = PageSets.empty(specs);
    }

    @Override
    public ScratchSource scratch() {
        return NothingDue.scratch(migration);
    }

    @Override
    public void prepare() throws IOException {
        List<DataMap> maps = migration.scan();
        migration.announce(maps);
        migration.noteFrames();
        migration.awaitReady();
    }

    @Override
    public void switchOver() throws IOException {
        migration.beginSwitchover();
        track();
        sendRounds();
        migration.noteFramesAgain();
        OutgoingSwitchover out = migration.switchover(endsInPostcopy ? new RestLater() : new RestNow());
        migration.pauseBeforeSwitchover();
        migration.limitSwitchover(due.bytes());
        guest.stop();
        guest.throttle(0); // if the source takes it back, it runs as before
        out.run();
        migration.endSwitchover();
        endWatching();
    }

    // While the guest runs.

    /**
     * Starts to track the guest's writes, and finds the pages of the first round.
     *
     * @throws io.pageflip.os.HostLacksException if this host cannot tell what the guest writes
     */
    private void track() throws IOException {
        // The kernel's tracker marks a hole with an entry that looks like a swapped-out page, so the holes must be
        // found before it starts. The vCPUs' own log has what the guest writes in between.
        DirtyTracker own = guest.trackDirty(DirtyTracking.LOG);
        tracker = own;
        for (int i = 0; i < guest.blocks().size(); i++) {
            due.of(i).addAll(DataMap.scan(guest.blocks().get(i)).pages());
        }
        if (request.dirtyTracking() != DirtyTracking.LOG) {
            try (own) {
                tracker = guest.trackDirty(request.dirtyTracking());
                for (int i = 0; i < guest.blocks().size(); i++) {
                    due.of(i).addAll(own.take(i));
                }
            }
        }
    }

    /**
     * Sends rounds until the guest should be paused.
     *
     * @throws NotConvergedException if the guest should stay here instead
     */
    private void sendRounds() throws IOException {
        long startNs = migration.clock().nanoTime();
        for (int round = 1; ; round++) {
            migration.progress().begin(Progress.Phase.PAGES, due.bytes() / BasePage.BYTES);
            sendRound(round);
            long nowNs = migration.clock().nanoTime();
            if (round == 1) {
                migration.context().reached(Step.ROUND);
            }
            PageSets left = due;
            due = takeWritten();
            due.addAll(left);
            RoundStats stats = new RoundStats(
                    round, roundBytes, nowNs - roundStartNs, due.bytes(), nowNs - startNs, throttlePercent);
            PrecopyLimits limits = limits();
            PrecopyDecision decision = PrecopyDecision.decide(stats, limits, control.throttling());
            if (cutsShort()) {
                decision = decision.withPostcopy();
            }
            log.add(stats, roundStartNs, roundPages, due.pages(), decision);
            migration.progress().roundEnded(log.last());
            if (EVENTS.isOn()) {
                EVENTS.event("round", log.last().summary());
            }
            switch (decision.action()) {
                case SWITCH -> {
                    return;
                }
                case POSTCOPY -> {
                    endsInPostcopy = true;
                    announceWhileItRuns(round);
                    return;
                }
                case CANCEL -> throw log.notConverged(stats, limits, decision);
                case CONTINUE, THROTTLE -> {
                    throttlePercent = decision.throttlePercent();
                    guest.throttle(throttlePercent);
                }
            }
        }
    }

    private void sendRound(int round) throws IOException {
        roundStartNs = migration.clock().nanoTime();
        roundBytes = 0;
        roundPages = 0;
        limitedSinceNs = roundStartNs;
        limitedBytes = 0;
        for (int i = 0; i < guest.blocks().size(); i++) {
            sendBlock(i);
        }
        endRound(round);
    }

    /** Sends the pages of a block that are due, unless a postcopy was asked for: then some may stay due. */
    private void sendBlock(int index) throws IOException {
        RamBlock block = guest.blocks().get(index);
        int pageBytes = block.spec().pageBytes();
        PageBitmap left = due.of(index);
        while (!left.isEmpty() && !cutsShort()) {
            PageBitmap slice = left.first(slicePages(left.pages()));
            int batch = new RateLimit(limits().maxBandwidth()).batch(request.batchPages(), pageBytes);
            roundsPlan.sendPages(index, block, slice, batch, pages -> batchSent(pages, pageBytes));
            sent.of(index).addAll(slice);
            left.removeAll(slice);
        }
    }

    /** Whether the rest of the round is to cross after the switchover. */
    private boolean cutsShort() {
        return control.postcopyWanted() && request.mechanism() == Mechanism.PULL;
    }

    /** How many pages are sent before the next look at what was asked for. */
    private long slicePages(long blockPages) {
        return request.mechanism() == Mechanism.PULL ? Math.max(LEAST_SLICE, blockPages / MOST_SLICES) : blockPages;
    }

    private void batchSent(int pages, int pageBytes) throws IOException {
        roundBytes += (long) pages * pageBytes;
        roundPages += pages;
        migration.progress().done(roundBytes / BasePage.BYTES);
        migration.pageSteps().add(pages);
        migration.link().check();
        migration.progress().transferred(migration.stream().transferredBytes());
        limitedBytes += (long) pages * pageBytes;
        for (long waitNs = waitNs(); waitNs > 0; waitNs = waitNs()) {
            LockSupport.parkNanos(Math.min(waitNs, SLICE_NS));
            migration.link().check();
        }
    }

    /** How long to wait before more is sent. What was sent under another limit does not count. */
    private long waitNs() {
        long nowNs = migration.clock().nanoTime();
        long bandwidth = cutsShort() ? 0 : limits().maxBandwidth();
        if (rateLimit.bytesPerSecond() != bandwidth) {
            rateLimit = new RateLimit(bandwidth);
            limitedSinceNs = nowNs;
            limitedBytes = 0;
        }
        return rateLimit.waitNs(limitedBytes, nowNs - limitedSinceNs);
    }

    private PrecopyLimits limits() {
        return control.limits(request.limits());
    }

    /** Ends a round: waits until the destination has received everything that was sent. */
    private void endRound(int round) throws IOException {
        migration.stream().write(FrameHeader.bodiless(FrameType.ROUND));
        migration.awaitAcknowledged(round, RECEIVED_TIMEOUT_S);
    }

    /**
     * Announces the pages that are due: they stay here, and the destination forgets its copies of them. Repeats that as
     * long as the guest has written many other pages meanwhile. A page is announced once, however often the guest
     * writes it after that.
     */
    private void announceWhileItRuns(int lastRound) throws IOException {
        for (int times = 1; times <= MOST_ANNOUNCEMENTS && due.pages() > FEW_PAGES; times++) {
            announceDue(roundsPlan);
            endRound(lastRound + times);
            due = takeNotAnnounced();
        }
    }

    // While the guest is paused.

    /** Sends the rest, without a limit on bandwidth. */
    private final class RestNow implements OutgoingSwitchover.Moments {
        @Override
        public void dryRun() {
            // The agent's thread pauses the guest and does the switchover: no vCPU has anything to try.
        }

        @Override
        public int paused() throws IOException {
            due.addAll(takeWritten());
            migration.limitSwitchover(due.bytes());
            for (int i = 0; i < guest.blocks().size(); i++) {
                migration.plan().sendPages(i, guest.blocks().get(i), due.of(i), request.batchPages(), lastSent);
            }
            sent.addAll(due);
            migration.context().transition(SourceState.DEVICE, "all pages are sent");
            migration.ends().send(sent.missing());
            return migration.ends().sent();
        }

        @Override
        public void saved() throws IOException {
            NothingDue.saved(migration.context(), migration.lastCheck());
        }
    }

    /** Announces the rest, which stays here until the destination needs it. */
    private final class RestLater implements OutgoingSwitchover.Moments {
        @Override
        public void dryRun() {
            // The agent's thread pauses the guest and does the switchover: no vCPU has anything to try.
        }

        @Override
        public int paused() throws IOException {
            due.addAll(takeNotAnnounced());
            announceDue(migration.plan());
            migration.context().transition(SourceState.DEVICE, "all pages that are left have been announced");
            migration.ends().send(sent.missing());
            return migration.ends().sent();
        }

        @Override
        public void saved() throws IOException {
            NothingDue.saved(migration.context(), migration.lastCheck());
        }
    }

    private void announceDue(SendPlan plan) throws IOException {
        for (int i = 0; i < guest.blocks().size(); i++) {
            plan.announcePostcopyPages(i, due.of(i));
        }
        announced.addAll(due);
        sent.addAll(due);
    }

    private PageSets takeNotAnnounced() throws IOException {
        PageSets taken = takeWritten();
        taken.removeAll(announced);
        return taken;
    }

    private PageSets takeWritten() throws IOException {
        DirtyTracker noting = tracker;
        if (noting == null) {
            throw new IllegalStateException("nothing tracks what the guest writes");
        }
        List<PageBitmap> taken = new ArrayList<>();
        for (int i = 0; i < guest.blocks().size(); i++) {
            taken.add(noting.take(i));
        }
        return sent.like(taken);
    }

    // After the switchover.

    @Override
    public void awaitResumed() throws IOException {
        if (endsInPostcopy) {
            PostcopyCompletion.of(migration).await();
        } else {
            migration.awaitResumed();
        }
        migration.measureWhenResumed();
    }

    @Override
    public void letGo() {
        // Pages were copied: the originals end with this process's memory.
    }

    /** Adds the rounds to the report, however the migration ended. */
    @Override
    public SourceSide report(SourceSide known) {
        return known.withPrecopy(log.report(limits()));
    }

    private void endWatching() {
        if (tracker != null) {
            tracker.close();
            tracker = null;
        }
    }

    /** Ends the throttling of the vCPUs, and the tracking of the guest's writes. */
    @Override
    public void close() {
        guest.throttle(0);
        endWatching();
    }
}
