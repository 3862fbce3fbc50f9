package io.pageflip.source;

import io.pageflip.metrics.SourceSide;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import java.io.IOException;

/**
 * When the pages of a guest leave the source, and what happens around that: one class a {@link Schedule}. The agent's
 * one thread calls the methods, in this order, and {@link #close} at any time after a failure:
 *
 * <pre>
 *   prepare        while the guest runs: everything that can be done before it is paused
 *   switchOver     pauses the guest, sends what is left of it, and releases the run token's lock
 *   awaitResumed   the destination has taken the guest: waits until it needs nothing more from here
 *   letGo          drops what is left of the guest's memory here
 *   close          undoes it, if the guest was not taken: every page is the source's again
 * </pre>
 */
interface OutgoingSchedule extends AutoCloseable {
    /** Does what can be done while the guest runs. When this returns, the destination is ready. */
    void prepare() throws IOException;

    /**
     * Pauses the guest and lets it go. When this returns, whoever takes the lock has the guest.
     *
     * @throws IOException if the source still holds the lock; whether the guest is paused, the guest knows
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

    /** The guest is the destination's: drops what is still mapped here, where that takes more than unmapping it. */
    void letGo() throws IOException;

    /** Adds what only this schedule knows of a migration, be it completed or failed. */
    SourceSide report(SourceSide known);

    /**
     * Ends what watches the guest, and takes pages back that have left, unless the guest was given away: then it only
     * frees what this holds. May be called again.
     */
    @Override
    void close();

    /** The schedule that a migration's request asks for. */
    static OutgoingSchedule of(OutgoingMigration migration) {
        return switch (migration.request().schedule()) {
            case HANDOVER -> new Handover(migration);
            // By flips both sides share every page from the beginning, as in a handover; when the destination maps
            // them is its own affair.
            case POSTCOPY ->
                migration.request().mechanism() == Mechanism.PULL ? new Postcopy(migration) : new Handover(migration);
            case PRECOPY -> new Precopy(migration);
            case STOP_AND_MOVE -> new StopAndMove(migration, MechanismStep.of(migration));
        };
    }
}
