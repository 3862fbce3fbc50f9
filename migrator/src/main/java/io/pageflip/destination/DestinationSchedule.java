package io.pageflip.destination;

import io.pageflip.metrics.Evidence;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * What the destination does under one of the source's schedules, once, in this order: {@link #prepare},
 * {@link #takeOver}, {@link #remainder}; or, if one of the first two fails, {@link #callOff}. Used by the agent's
 * thread.
 */
interface DestinationSchedule {
    /**
     * While the guest runs at the source: receives what the source sends beforehand, gets ready, and says READY.
     *
     * @throws IOException if the guest will not be this agent's; {@link #callOff} follows
     */
    void prepare() throws IOException;

    /**
     * From READY on: receives what comes while the guest is paused, and waits until vCPU 0 has taken the guest.
     *
     * @throws IOException if something failed; {@link #callOff} says whether the guest is this agent's nevertheless
     */
    void takeOver() throws IOException;

    /**
     * Undoes a switchover that has not been: vCPU 0 takes the guest no more. Pages need no undoing, since the source
     * has them still.
     *
     * @return false if the guest is this agent's already
     */
    boolean callOff();

    /** What is left to do once the guest is this agent's. */
    Remainder remainder();

    /** What has been received. */
    ReceivedPages pages();

    /** What frame numbers say of moved pages; to be called when the {@link #remainder} is done. */
    Evidence evidence() throws IOException;

    /**
     * Checks, before any memory is mapped, that pages may cross as the source's schedule has it.
     *
     * @param flips whether this destination maps the source's own pages
     */
    static void check(Message.Hello hello, boolean flips) throws ProtocolException {
        boolean needsFlips = switch (hello.schedule()) {
            case HANDOVER -> true;
            case POSTCOPY -> hello.mechanism() != Mechanism.PULL;
            case PRECOPY, STOP_AND_MOVE -> false;
        };
        if (needsFlips && !flips) {
            throw new ProtocolException("the source hands its own pages over, and this destination may not map "
                    + "them: --no-move needs --schedule stop-and-move");
        }
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
}
