package io.pageflip.postcopy;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Pages that come after the switchover, as whoever waits for the last of them sees it. Used by one thread. */
public interface RemainingPages {
    /**
     * Starts to bring those that nobody touches. To be called once.
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

    /** Pages that are here, whoever brought them. May be called from any thread. */
    long mappedPages();

    /** The pages that are to come, those that are here included, as far as is known. May be called from any thread. */
    long dataPages();

    /**
     * Ends it, in the middle if need be.
     *
     * @return what has come
     * @throws IOException if something went wrong; nobody is trapped nevertheless
     */
    PostcopyFigures finish() throws IOException;
}
