package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Progress;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.scenario.Step;
import java.io.IOException;
import java.util.List;

/** The pages of a postcopy, which come while the guest runs here. */
final class PostcopyRemainder implements Remainder {
    private final IncomingMigration migration;
    private final PageLedger ledger;
    private final Postcopy postcopy;
    private final List<FaultLog> logs;
    private final RemainingPagesWait wait;

    /**
     * A remainder whose faults are served already.
     *
     * @param logs of the vCPUs' waits for pages, filled with the help of {@code postcopy}
     * @param wait for the pages of {@code postcopy}
     */
    PostcopyRemainder(
            IncomingMigration migration,
            PageLedger ledger,
            Postcopy postcopy,
            List<FaultLog> logs,
            RemainingPagesWait wait) {
        this.migration = migration;
        this.ledger = ledger;
        this.postcopy = postcopy;
        this.logs = logs;
        this.wait = wait;
        postcopy.noteBatches(migration.timeline().batches);
    }

    @Override
    public void awaitFirstInstructions() throws IOException {
        wait.awaitFirstBeats();
    }

    @Override
    public void bringPages(PulseWatch pulse) throws IOException {
        Timeline timeline = migration.timeline();
        wait.start(); // not earlier, so that the first faults have the processors to themselves
        timeline.firstBeatNs = migration.guest().firstBeatsNs();
        PostcopyFigures figures =
                wait.awaitLastPage(() -> pulse.read(migration.context().clock().nanoTime()));
        if (figures != null) {
            timeline.postcopy = Timeline.postcopy(figures, logs, wait.recoveries(), wait.pausedNs());
            timeline.waits = logs;
        }
        migration
                .memory()
                .token()
                .page()
                .setAllPagesReceived(migration.ownership().promised());
        migration.context().reached(Step.LAST_PAGE);
        migration.context().progress().begin(Progress.Phase.RUNNING, 0);
        List<RamBlock> blocks = migration.memory().blocks();
        postcopy.enterIn(ledger, blocks);
        timeline.postcopyDone(postcopy, blocks);
    }

    @Override
    public void giveUp() {
        postcopy.close();
    }
}
