package io.pageflip.destination;

import io.pageflip.postcopy.PostcopyFigures;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The wait from the switchover of a postcopy until the last page is here. The agent's thread calls
 * {@link #awaitFirstBeats}, {@link #start} and {@link #awaitLastPage}, in this order. It must touch no guest memory
 * meanwhile: it would wait for itself.
 */
interface RemainingPagesWait {
    /**
     * Waits until every vCPU has executed an instruction, if its first pages may take long.
     *
     * @throws io.pageflip.agent.GuestLostException if one never will
     */
    void awaitFirstBeats() throws IOException;

    /** Starts to bring the pages that no vCPU touches. */
    void start() throws IOException;

    /**
     * Waits for the last page.
     *
     * @param meanwhile called once a millisecond
     * @return null if this side failed, and the kernel maps the rest
     * @throws io.pageflip.agent.GuestLostException if it will never come; vCPUs may be trapped
     */
    @Nullable
    PostcopyFigures awaitLastPage(Runnable meanwhile) throws IOException;

    /** How many times the source had to connect again. */
    int recoveries();

    /** How long nothing could be fetched, in nanoseconds. */
    long pausedNs();
}
