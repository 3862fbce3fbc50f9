package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * What the destination does under one of the source's schedules, once, in this order: {@link #prepare},
 * {@link #takeOver}, {@link #remainder}; or, if one of the first two fails, {@link #callOff}. Each schedule says how it
 * prepares and takes over; the parts that it does this with, and that are the same for all, are here. Used by the
 * agent's thread.
 */
abstract class DestinationSchedule {
    /** The migration. */
    final Takeover takeover;

    /** The account of all pages. */
    final PageLedger ledger;

    /** What the migration stream brings. */
    final ReceivedPages pages;

    /** How this agent says that it is ready. */
    final Readiness readiness;

    /** The wait for the guest. */
    final IncomingGuest incoming;

    /** @param plan of the same ledger: which frames may come */
    DestinationSchedule(Takeover takeover, PageLedger ledger, ReceivePlan plan) {
        this.takeover = takeover;
        this.ledger = ledger;
        this.pages = new ReceivedPages(takeover, ledger, plan);
        this.readiness = new Readiness(takeover);
        this.incoming = new IncomingGuest(takeover);
    }

    /** The schedule that the source has chosen. */
    static DestinationSchedule of(Takeover takeover) throws ProtocolException {
        Message.Hello hello = takeover.hello();
        return switch (hello.schedule()) {
            case HANDOVER -> new Handover(takeover);
            case POSTCOPY ->
                hello.mechanism() == Mechanism.PULL ? new PullPostcopy(takeover) : new FlipPostcopy(takeover);
            case PRECOPY -> new Precopy(takeover);
            case STOP_AND_MOVE -> StopAndMove.of(takeover);
        };
    }

    /**
     * While the guest runs at the source: receives what the source sends beforehand, gets ready, and says READY.
     *
     * @throws IOException if the guest will not be this agent's; {@link #callOff} follows
     */
    abstract void prepare() throws IOException;

    /**
     * From READY on: receives what comes while the guest is paused, and waits until vCPU 0 has taken the guest.
     *
     * @throws IOException if something failed; {@link #callOff} says whether the guest is this agent's nevertheless
     */
    abstract void takeOver() throws IOException;

    /**
     * Undoes a switchover that has not been: vCPU 0 takes the guest no more. Pages need no undoing, since the source
     * has them still.
     *
     * @return false if the guest is this agent's already
     */
    final boolean callOff() {
        return incoming.callOff();
    }

    /** What is left to do once the guest is this agent's: nothing, but for pages that come after the switchover. */
    Remainder remainder() {
        return Remainder.NOTHING;
    }

    /** What frame numbers say of moved pages; to be called when the {@link #remainder} is done. */
    Evidence evidence() throws IOException {
        return new FrameEvidence(takeover, pages).judge();
    }

    /** What has been received. */
    final ReceivedPages pages() {
        return pages;
    }
}
