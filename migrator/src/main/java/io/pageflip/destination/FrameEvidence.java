package io.pageflip.destination;

import io.pageflip.ledger.Frames;
import io.pageflip.metrics.Evidence;
import io.pageflip.os.HostCapabilities;
import io.pageflip.wire.Message;
import java.io.IOException;

/**
 * Evidence that can be gathered after the downtime, because a moved page stays in its frame when the guest writes it.
 */
final class FrameEvidence implements MoveEvidence {
    private final IncomingMigration migration;
    private final ReceivedPages pages;

    FrameEvidence(IncomingMigration migration, ReceivedPages pages) {
        this.migration = migration;
        this.pages = pages;
    }

    @Override
    public void pagesAreHere() {
        // Frame numbers are compared when the guest runs.
    }

    @Override
    public Evidence judge() throws IOException {
        Message.SourceFigures figures = pages.figures();
        DestinationMemory memory = migration.memory();
        return Frames.judge(
                pages.ledger(),
                memory.blocks(),
                memory.frames(),
                areVisible(figures),
                figures.relocatedPages(),
                migration.kernelMovesGifts());
    }

    /** Whether both agents may see frame numbers. */
    static boolean areVisible(Message.SourceFigures figures) {
        return figures.framesVisible() && HostCapabilities.frameNumbersVisible();
    }
}
