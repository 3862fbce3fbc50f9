package io.pageflip.postcopy;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Pages that come after the switchover, for the thread that waits for the last of them. Used by one thread. */
public interface RemainingPages {
    /**
     * Starts to bring the pages that no vCPU touches. Call it once.
     *
     * @param listener called after each batch, on a thread of its own
     */
    void start(Runnable listener);

    /** After {@link #start}: whether the last page is here, or bringing them has ended otherwise. */
    boolean isDone();

    /** After {@link #start}: whether every page of data is here, whatever else went wrong. */
    boolean isComplete();

    /** What went wrong; null if nothing did. */
    @Nullable
    Throwable failure();

    /** How many pages are here, in whatever way they came. Any thread may call it. */
    long mappedPages();

    /** How many pages have come or are still to come, as far as is known. Any thread may call it. */
    long dataPages();

    /**
     * Ends the work, even if pages are missing.
     *
     * @return the figures of the pages that have come
     * @throws IOException if something went wrong; even then, no thread stays trapped
     */
    PostcopyFigures finish() throws IOException;
}
