package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * The destination's part of a schedule. The agent's thread calls the methods once, in this order: {@link #prepare},
 * {@link #takeOver}, {@link #remainder}; or, if one of the first two fails, {@link #callOff}. Each subclass defines how
 * it prepares and takes over; the parts that are the same for all are here.
 */
abstract class DestinationSchedule {
    /** The migration. */
    final IncomingMigration migration;

    /** The account of all pages. */
    final PageLedger ledger;

    /** Receives the pages of the migration stream. */
    final ReceivedPages pages;

    /** Tells the source that this agent is ready. */
    final Readiness readiness;

    /** Waits for the guest. */
    final IncomingGuest incoming;

    /** @param plan the receivers of the frames that may come, for the same ledger */
    DestinationSchedule(IncomingMigration migration, PageLedger ledger, ReceivePlan plan) {
        this.migration = migration;
        this.ledger = ledger;
        this.pages = new ReceivedPages(migration, ledger, plan);
        this.readiness = new Readiness(migration);
        this.incoming = new IncomingGuest(migration);
    }

    /** The schedule that the source has chosen. */
    static DestinationSchedule of(IncomingMigration migration) throws ProtocolException {
        Message.Hello hello = migration.hello();
        return switch (hello.schedule()) {
            case HANDOVER -> new Handover(migration);
            case POSTCOPY ->
                hello.mechanism() == Mechanism.PULL ? new PullPostcopy(migration) : new FlipPostcopy(migration);
            case PRECOPY -> new Precopy(migration);
            case STOP_AND_MOVE -> StopAndMove.of(migration);
        };
    }

    /**
     * Receives what the source sends while the guest runs there, gets ready, and sends READY.
     *
     * @throws IOException if the guest will not be this agent's; {@link #callOff} follows
     */
    abstract void prepare() throws IOException;

    /**
     * After READY: receives what comes while the guest is paused, and waits until vCPU 0 has taken the guest.
     *
     * @throws IOException if something failed; {@link #callOff} says whether the guest is this agent's nevertheless
     */
    abstract void takeOver() throws IOException;

    /**
     * Calls off a switchover that has not happened yet: vCPU 0 will not take the guest any more. Pages need no undoing,
     * because the source still has them.
     *
     * @return false if the guest is this agent's already
     */
    final boolean callOff() {
        return incoming.callOff();
    }

    /**
     * The work that is left once the guest is this agent's: none, except in a postcopy, whose pages come after the
     * switchover.
     */
    Remainder remainder() {
        return Remainder.NOTHING;
    }

    /** What frame numbers say about moved pages. Call it when the {@link #remainder} is done. */
    Evidence evidence() throws IOException {
        return new FrameEvidence(migration, pages).judge();
    }

    /** The pages that have been received. */
    final ReceivedPages pages() {
        return pages;
    }
}
