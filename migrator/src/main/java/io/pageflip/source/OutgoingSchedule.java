package io.pageflip.source;

import io.pageflip.metrics.SourceSide;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.warmup.ScratchSource;
import java.io.IOException;

/**
 * The source's part of a {@link Schedule}: when the pages of a guest leave, and what happens around that. The agent's
 * one thread calls the methods, in this order, and {@link #close} at any time after a failure:
 *
 * <pre>
 *   prepare        while the guest runs: everything that can be done before it is paused
 *   switchOver     pauses the guest, sends what is left of it, and releases the run token's lock
 *   awaitResumed   once the destination has taken the guest: waits until it needs nothing more from here
 *   letGo          drops what is left of the guest's memory here
 *   close          undoes all of it, if the guest was not taken: every page is the source's again
 * </pre>
 */
interface OutgoingSchedule extends AutoCloseable {
    /** What this schedule does with a scratch guest while that is paused. Asked for before {@link #prepare}. */
    ScratchSource scratch();

    /** Does what can be done while the guest runs. When this returns, the destination is ready. */
    void prepare() throws IOException;

    /**
     * Pauses the guest and lets it go. When this returns, the agent that takes the lock has the guest.
     *
     * @throws IOException if the source still holds the lock; {@code Guest.isRunning} tells whether the guest is paused
     */
    void switchOver() throws IOException;

    /**
     * Waits until the guest runs at the destination and no page is needed from here any more.
     *
     * @throws io.pageflip.agent.GuestLostException if pages were still needed, and the destination is dead or out of
     *     reach
     * @throws IOException if the destination did not say that the guest runs
     */
    void awaitResumed() throws IOException;

    /**
     * Drops the guest's pages that are still mapped here, if that takes more than unmapping them. The guest is the
     * destination's by then.
     */
    void letGo() throws IOException;

    /** Adds to the report what only this schedule knows of a migration, whether that completed or failed. */
    SourceSide report(SourceSide known);

    /**
     * Ends the tracking of the guest's writes, and takes back the pages that have left. If the guest was given away, it
     * only frees what this object holds. May be called again.
     */
    @Override
    void close();

    /** The schedule that a migration's request asks for. */
    static OutgoingSchedule of(OutgoingMigration migration) {
        return switch (migration.request().schedule()) {
            case HANDOVER -> new Handover(migration);
            // With flips, both sides share every page from the beginning, as in a handover. The destination maps them
            // later, but that makes no difference here.
            case POSTCOPY ->
                migration.request().mechanism() == Mechanism.PULL
                        ? new PullPostcopy(migration)
                        : new Handover(migration);
            case PRECOPY -> new Precopy(migration);
            case STOP_AND_MOVE -> new StopAndMove(migration, MechanismStep.of(migration));
        };
    }
}
