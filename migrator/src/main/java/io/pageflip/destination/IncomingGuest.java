package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.metrics.Progress;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.RunToken;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/**
 * The wait for the guest: vCPU 0 waits for its state and takes it, on a thread of its own; meanwhile the agent's
 * thread, whose this object is, receives what else may come, and watches the source.
 */
final class IncomingGuest {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;

    /** How long a source may take to hand the guest over, once every page is here. */
    private static final int TIMEOUT_S = 30;

    /** The source pauses the guest some milliseconds after it has heard READY. */
    static final long SPIN_FIRST_NS = 20 * MS;

    /** As long as a killed source of a GiB may keep the lock: its page tables go first. */
    private static final long LOCK_TIMEOUT_NS = 5_000 * MS;

    private static final long LOCK_TIMEOUT_NS_PER_GIB = 500 * MS;
    private static final int SLICE_MS = 5;

    private final SourceLink link;
    private final DestinationMemory memory;
    private final Timeline timeline;
    private final AgentContext<DestinationState> context;
    private final RunToken token;
    private final IncomingSwitchover in;
    private boolean sourceIsNeeded;

    IncomingGuest(Takeover takeover) {
        this.link = takeover.link();
        this.memory = takeover.memory();
        this.timeline = takeover.timeline();
        this.context = takeover.context();
        this.token = memory.token();
        long gib = takeover.hello().guest().ramBytes() >> 30;
        this.in = new IncomingSwitchover(
                takeover.ownership(),
                SPIN_FIRST_NS,
                LOCK_TIMEOUT_NS + gib * LOCK_TIMEOUT_NS_PER_GIB,
                context.clock(),
                new SwitchoverMoments(context));
    }

    /** What the source may still send while the guest is waited for. */
    interface MorePages {
        /**
         * Something has come, or the source has gone: receives up to the next END.
         *
         * @return END frames that have come by now
         * @throws PeerGoneException if the source has gone
         */
        int receiveUntilEnd() throws IOException;
    }

    /** The guest is lost if the source dies: pages of it are there beyond the switchover. */
    void needSource() {
        sourceIsNeeded = true;
    }

    /** Has vCPU 0 wait for the guest. It does not take it before {@link #await} says that all pages are here. */
    void begin() {
        context.transition(DestinationState.DEVICE, "all pages have come");
        context.progress().begin(Progress.Phase.SWITCHING, 0);
        memory.guest().resumeAfter(in);
    }

    /**
     * Everything that may go wrong with pages has: vCPU 0 may take the guest, and this waits until it has.
     *
     * @param ends END frames that have come
     * @throws IOException if the guest will not be this agent's, or something failed after it was
     */
    void await(int ends, MorePages more) throws IOException {
        context.reached(Step.STATE);
        in.received(ends);
        long deadlineNs = context.clock().nanoTime() + TIMEOUT_S * 1000 * MS;
        boolean sourceLives = true;
        while (!in.isClaimed()) {
            in.check();
            if (!sourceLives) {
                LockSupport.parkNanos(MS);
                context.cancellation().check();
            } else {
                sourceLives = receive(more);
            }
            if (context.clock().nanoTime() > deadlineNs) {
                throw new IOException("the source has not handed the guest over within " + TIMEOUT_S + " s");
            }
        }
        token.wakeWaiters();
        mark();
    }

    /** One slice of waiting: whether the source lives. If it has saved the guest's state, its death loses nothing. */
    private boolean receive(MorePages more) throws IOException {
        try {
            if (link.stream().awaitReadable(SLICE_MS) && in.receiving()) {
                receiveMore(more);
            }
            link.check();
            return true;
        } catch (PeerGoneException e) {
            if (sourceIsNeeded || !token.page().isSaved(link.hello().ownerEpoch())) {
                throw e;
            }
            LOG.log(System.Logger.Level.DEBUG, "the source went after it saved the guest's state", e);
            in.sourceIsGone();
            return false;
        }
    }

    /** vCPU 0 does not take the guest while pages come. */
    private void receiveMore(MorePages more) throws IOException {
        try {
            in.received(more.receiveUntilEnd());
        } finally {
            in.receivedNothing();
        }
    }

    /**
     * Has vCPU 0 wait no longer.
     *
     * @return false if it has taken the guest already: it is this agent's
     */
    boolean callOff() {
        while (!in.cancel() && !in.isClaimed()) {
            Thread.onSpinWait(); // it is just being claimed
        }
        if (in.isClaimed()) {
            mark();
            return false;
        }
        return true;
    }

    private void mark() {
        timeline.noticedNs = in.noticedNs();
        timeline.lockedNs = in.lockedNs();
        timeline.claimedNs = in.claimedNs();
    }
}
