package io.pageflip.destination;

import io.pageflip.metrics.Evidence;
import java.io.IOException;

/** What frame numbers say of the pages that were moved. Used by the agent's thread. */
interface MoveEvidence {
    /** Every page is here, and the guest does not run yet. */
    void pagesAreHere() throws IOException;

    /** The judgement, when the guest runs here and has all its pages. */
    Evidence judge() throws IOException;
}
