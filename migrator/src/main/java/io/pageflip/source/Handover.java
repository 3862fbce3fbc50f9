package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.SourceSide;
import io.pageflip.os.WaitGuard;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.MigrationRequest;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.warmup.ScratchSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A handover at the source: while the guest runs, the destination maps every page that can be shared, and gets copies
 * of the others; then only the guest's state crosses. The source does the same in a postcopy by flips: that
 * destination, too, learns of all pages while the guest runs, and only maps them later.
 *
 * <p>The guest may write pages after they were copied. The vCPUs log which, and the source copies those again while the
 * guest is paused: as a rule there are none.
 *
 * <p>If the migration fails, there is nothing to take back: no page leaves before the guest is taken ({@link #letGo}).
 */
final class Handover implements OutgoingSchedule {
    private static final long MS = 1_000_000;

    /**
     * How long the source waits after READY before it pauses the guest. The threads that sent and received READY go to
     * sleep meanwhile, so that the vCPUs of both sides have processors to themselves.
     */
    private static final long SETTLE_NS = 2 * MS;

    /** Maximum attempts to find a moment with no dirty pages: a guest that writes all the time has none. */
    private static final int MOST_ATTEMPTS = 20;

    private final OutgoingMigration migration;
    private final Guest guest;
    private List<Long> holes = List.of();
    private @Nullable EarlyCopies copies;

    Handover(OutgoingMigration migration) {
        this.migration = migration;
        this.guest = migration.guest();
    }

    @Override
    public ScratchSource scratch() {
        return this::scratchMoments;
    }

    @Override
    public void prepare() throws IOException {
        List<DataMap> maps = migration.scan();
        holes = OutgoingMigration.holes(maps);
        migration.announce(maps);
        migration.noteFrames();
        copies = EarlyCopies.of(guest); // from now on, writes are logged
        migration.beginPages();
        migration.sendPages(maps);
        migration.ends().send(holes);
        // awaitReady measures this process's PSS, in which a page that both agents map counts half: so wait until the
        // destination has mapped all pages.
        if (migration.link().reports()) {
            migration.awaitAcknowledged(1, migration.readyTimeoutS());
        }
        migration.awaitReady();
    }

    /** The moments of a handover's switchover, for the warm-up on a scratch guest. */
    private OutgoingSwitchover.Moments scratchMoments(Guest scratchGuest, StreamWriter scratchStream) {
        MigrationRequest request = migration.request();
        return new Paused(
                EarlyCopies.of(scratchGuest),
                new SendPlan(request.mechanism(), request.schedule(), request.gifts(), scratchStream),
                new EndMessages(scratchStream),
                holes,
                AgentContext.scratch("source", SourceState.STARTING, migration.clock()),
                migration.lastCheck());
    }

    @Override
    public void switchOver() throws IOException {
        Paused paused = new Paused(
                requireCopies(), migration.plan(), migration.ends(), holes, migration.context(), migration.lastCheck());
        OutgoingSwitchover out = migration.switchover(paused);
        migration.beginSwitchover();
        migration.context().transition(SourceState.DEVICE, "all pages have been announced");
        migration.progress().begin(Progress.Phase.SWITCHING, 0);
        LockSupport.parkNanos(SETTLE_NS);
        if (migration.request().scenario().sharerPercent() > 0) {
            awaitCleanMoment(paused);
        }
        migration.link().check();
        migration.limitSwitchover(requireCopies().mostBytes());
        guest.stop(out); // the vCPU that pauses last does the switchover
        migration.endSwitchover();
        endWatching();
    }

    /** Waits for a moment when the guest has written no page that would have to be sent again, if there is one. */
    private void awaitCleanMoment(Paused paused) throws IOException {
        for (int i = 0; i < MOST_ATTEMPTS; i++) {
            int before = migration.ends().sent();
            if (paused.resend() == before) {
                return;
            }
            migration.awaitAcknowledged(migration.ends().sent(), migration.readyTimeoutS());
            LockSupport.parkNanos(SETTLE_NS);
        }
    }

    /** The moments of a handover's switchover. Called on a vCPU's thread; as a rule they allocate nothing. */
    static final class Paused implements OutgoingSwitchover.Moments {
        private final EarlyCopies copies;
        private final SendPlan plan;
        private final EndMessages ends;
        private final List<Long> holes;
        private final AgentContext<SourceState> context;
        private final WaitGuard link;

        Paused(
                EarlyCopies copies,
                SendPlan plan,
                EndMessages ends,
                List<Long> holes,
                AgentContext<SourceState> context,
                WaitGuard link) {
            this.copies = copies;
            this.plan = plan;
            this.ends = ends;
            this.holes = holes;
            this.context = context;
            this.link = link;
        }

        @Override
        public void dryRun() throws IOException {
            copies.isEmpty();
        }

        @Override
        public int paused() throws IOException {
            return resend();
        }

        /**
         * Sends again the pages that were written since they were copied. Returns how many END messages were sent in
         * all.
         */
        private int resend() throws IOException {
            if (copies.resend(plan)) {
                ends.send(holes);
            }
            return ends.sent();
        }

        @Override
        public void saved() throws IOException {
            NothingDue.saved(context, link);
        }
    }

    @Override
    public void awaitResumed() throws IOException {
        migration.awaitResumed();
        // PSS is not measured now: both agents map the pages, and the destination's share grows while this process
        // drops its own, so a sum of readings from different times would count pages twice.
    }

    /** Drops every page of the shared blocks, in batches. */
    @Override
    public void letGo() throws IOException {
        int batch = migration.request().batchPages();
        for (RamBlock block : guest.blocks()) {
            if (block.spec().backing().shareable()) {
                long pageBytes = block.spec().pageBytes();
                for (long first = 0; first < block.spec().pages(); first += batch) {
                    long count = Math.min(batch, block.spec().pages() - first);
                    block.mapping().dropEntries(first * pageBytes, count * pageBytes);
                }
            }
        }
    }

    @Override
    public SourceSide report(SourceSide known) {
        return known;
    }

    private EarlyCopies requireCopies() {
        if (copies == null) {
            throw new IllegalStateException("a handover that was not prepared");
        }
        return copies;
    }

    private void endWatching() {
        if (copies != null) {
            copies.close();
            copies = null;
        }
    }

    @Override
    public void close() {
        endWatching();
    }
}
