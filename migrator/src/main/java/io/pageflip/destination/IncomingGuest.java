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
 * The wait for the guest. vCPU 0 waits for the guest's state and takes the guest, on its own thread. Meanwhile the
 * agent's thread, which uses this object, receives the pages that may still come, and watches the source.
 */
final class IncomingGuest {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;

    /** How long a source may take to hand the guest over, once every page is here. */
    private static final int TIMEOUT_S = 30;

    /**
     * How long vCPU 0 spins before it sleeps: the source pauses the guest some milliseconds after it has received
     * READY.
     */
    private static final long SPIN_FIRST_NS = 100 * MS;

    /**
     * How long a killed source may keep the lock, plus {@link #LOCK_TIMEOUT_NS_PER_GIB}: the kernel frees its page
     * tables first.
     */
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

    IncomingGuest(IncomingMigration migration) {
        this.link = migration.link();
        this.memory = migration.memory();
        this.timeline = migration.timeline();
        this.context = migration.context();
        this.token = memory.token();
        long gib = migration.hello().guest().ramBytes() >> 30;
        this.in = new IncomingSwitchover(
                migration.ownership(),
                spinFirstNs(migration.hello().guest().vcpus()),
                LOCK_TIMEOUT_NS + gib * LOCK_TIMEOUT_NS_PER_GIB,
                context.clock(),
                new SwitchoverMoments(context));
    }

    /**
     * How long a thread that waits for the switchover spins before it sleeps, in nanoseconds. Where the guest's vCPUs
     * want all processors, it sleeps at once: it would take one of them, and a vCPU that waits for a processor cannot
     * pause.
     */
    static long spinFirstNs(int vcpus) {
        return vcpus < Runtime.getRuntime().availableProcessors() ? SPIN_FIRST_NS : 0;
    }

    /** Receives the pages that the source may still send while vCPU 0 waits for the guest. */
    interface MorePages {
        /**
         * Receives up to the next END. Called when something has come, or the source has gone.
         *
         * @return how many END frames have come by now
         * @throws PeerGoneException if the source has gone
         */
        int receiveUntilEnd() throws IOException;
    }

    /** Says that the guest is lost if the source dies: the source still has pages of it after the switchover. */
    void needSource() {
        sourceIsNeeded = true;
    }

    /**
     * Makes vCPU 0 wait for the guest. It does not take the guest before {@link #await} says that all pages are here.
     */
    void begin() {
        context.transition(DestinationState.DEVICE, "all pages have come");
        context.progress().begin(Progress.Phase.SWITCHING, 0);
        memory.guest().resumeAfter(in);
    }

    /**
     * Lets vCPU 0 take the guest, and waits until it has. Call it when all pages are here, so that no failure with
     * pages can follow.
     *
     * @param ends how many END frames have come
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

    /**
     * Waits for one slice, and returns whether the source lives. If it has saved the guest's state, its death loses
     * nothing.
     */
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
     * Ends the wait of vCPU 0.
     *
     * @return false if vCPU 0 has taken the guest already: it is this agent's
     */
    boolean callOff() {
        while (!in.cancel() && !in.isClaimed()) {
            Thread.onSpinWait(); // vCPU 0 is just claiming the guest
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
