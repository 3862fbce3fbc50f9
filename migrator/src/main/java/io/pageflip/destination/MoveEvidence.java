package io.pageflip.destination;

import io.pageflip.metrics.Evidence;
import java.io.IOException;

/** The evidence that frame numbers give about moved pages. Used by the agent's thread. */
interface MoveEvidence {
    /** Called when every page is here, and the guest does not run yet. */
    void pagesAreHere() throws IOException;

    /** The evidence. Call it when the guest runs here and has all its pages. */
    Evidence judge() throws IOException;
}
