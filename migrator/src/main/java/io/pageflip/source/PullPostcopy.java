package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.FailureText;
import io.pageflip.agent.GuestLostException;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.SourceSide;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.warmup.ScratchSource;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A postcopy by pulls at the source: only the guest's state crosses while the guest is paused. Every page stays here.
 * The destination, which runs the guest then, reads a page out of this process's memory when it needs the page. So this
 * process must live until the destination has the last page. (At the source, a postcopy by flips is a
 * {@link Handover}.)
 */
final class PullPostcopy implements OutgoingSchedule {
    private static final long MS = 1_000_000;

    /**
     * How long the source waits after READY before it pauses the guest. The threads that sent and received READY go to
     * sleep meanwhile, so that the vCPUs of both sides have processors to themselves.
     */
    private static final long SETTLE_NS = 2 * MS;

    private final OutgoingMigration migration;

    PullPostcopy(OutgoingMigration migration) {
        this.migration = migration;
    }

    @Override
    public ScratchSource scratch() {
        return NothingDue.scratch(migration);
    }

    @Override
    public void prepare() throws IOException {
        migration.scan();
        migration.noteFrames();
        List<RamBlock> blocks = migration.blocks();
        for (int i = 0; i < blocks.size(); i++) {
            // All pages: the destination finds out which of them hold data, when it reads them.
            PageBitmap all = new PageBitmap(blocks.get(i).spec().pages());
            all.add(0, all.pages());
            migration.plan().announcePostcopyPages(i, all);
        }
        migration.ends().send(Collections.nCopies(blocks.size(), 0L));
        migration.awaitReady();
    }

    @Override
    public void switchOver() throws IOException {
        AgentContext<SourceState> context = migration.context();
        OutgoingSwitchover out = migration.switchover(new NothingDue(migration.ends(), context, migration.lastCheck()));
        migration.beginSwitchover();
        context.transition(SourceState.DEVICE, "all pages have been announced");
        migration.progress().begin(Progress.Phase.SWITCHING, 0);
        LockSupport.parkNanos(SETTLE_NS);
        migration.link().check();
        migration.limitSwitchover(0);
        migration.guest().stop(out); // the vCPU that pauses last does the switchover
        migration.endSwitchover();
    }

    @Override
    public void awaitResumed() throws IOException {
        try {
            PostcopyCompletion.of(migration).await();
        } catch (RuntimeException | Error e) {
            if (migration
                    .memory()
                    .token()
                    .page()
                    .hasAllPages(migration.ownership().promised())) {
                throw e;
            }
            throw new GuestLostException("the source failed, and pages of it were still there: " + FailureText.of(e));
        }
        migration.measureWhenResumed();
    }

    @Override
    public void letGo() {
        // Every page is in this process's own memory, which ends with it.
    }

    @Override
    public SourceSide report(SourceSide known) {
        return known;
    }

    @Override
    public void close() {
        // No page has left.
    }
}
