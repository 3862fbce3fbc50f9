package io.pageflip.destination;

import io.pageflip.metrics.Evidence;
import io.pageflip.receive.FuseReceiver;
import io.pageflip.wire.Message;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Evidence about pages that came through the source's FUSE file. {@link #pagesAreHere} finishes their reception and
 * gathers the evidence, before the guest runs: the mapping is private, so a page that the guest writes gets another
 * frame.
 */
final class FuseEvidence implements MoveEvidence {
    private final IncomingMigration migration;
    private final ReceivedPages pages;
    private final FuseReceiver receiver;
    private @Nullable Evidence evidence;

    FuseEvidence(IncomingMigration migration, ReceivedPages pages, FuseReceiver receiver) {
        this.migration = migration;
        this.pages = pages;
        this.receiver = receiver;
    }

    @Override
    public void pagesAreHere() throws IOException {
        receiver.finish();
        Message.SourceFigures figures = pages.figures();
        evidence = FuseReceiver.judge(
                pages.ledger(),
                migration.memory().blocks(),
                migration.memory().frames(),
                FrameEvidence.areVisible(figures),
                figures.relocatedPages());
        pages.markEnd();
    }

    @Override
    public Evidence judge() {
        if (evidence == null) {
            throw new IllegalStateException("no page has come through the FUSE file");
        }
        return evidence;
    }
}
