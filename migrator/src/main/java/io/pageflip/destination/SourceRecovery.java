package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.GuestLostException;
import io.pageflip.metrics.Progress;
import io.pageflip.postcopy.PageSource;
import io.pageflip.postcopy.RemainingPages;
import io.pageflip.scenario.Step;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/**
 * Handles a broken connection to a source whose memory still holds pages. No page is fetched until the source has
 * connected again; if it cannot, or is dead, the guest is lost. The names of the states are QEMU's.
 *
 * <pre>
 *   postcopy-active -&gt; postcopy-paused: the connection broke; a vCPU that touches a missing page waits, others run
 *                   &lt;- postcopy-recover: the source is here again
 * </pre>
 *
 * <p>Used by the agent's thread.
 */
final class SourceRecovery {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long NS_PER_S = 1_000_000_000;
    private static final int ACCEPT_SLICE_MS = 20;
    private static final long POLL_NS = 20_000;
    private static final long HELD_POLL_NS = 5_000_000;
    private static final String SOURCE_DIED = "the source died";

    /**
     * The conditions under which the source may connect again.
     *
     * @param epoch in which the guest is this agent's; the source must know it
     * @param timeoutNs how long the source may take, in nanoseconds
     */
    record Terms(int epoch, long timeoutNs) {}

    private final SourceLink link;
    private final PageSource source;
    private final RemainingPages pages;
    private final VcpuWatch vcpus;
    private final Terms terms;
    private final AgentContext<DestinationState> context;
    private int recoveries;
    private long pausedNs;

    /** @param pages that are in the memory of {@code source} */
    SourceRecovery(
            SourceLink link,
            PageSource source,
            RemainingPages pages,
            VcpuWatch vcpus,
            Terms terms,
            AgentContext<DestinationState> context) {
        this.link = link;
        this.source = source;
        this.pages = pages;
        this.vcpus = vcpus;
        this.terms = terms;
        this.context = context;
    }

    /**
     * Waits until the source has connected again, if the connection is broken and pages are not here yet.
     *
     * @throws GuestLostException if the source does not connect again
     */
    void recoverIfBroken() throws IOException {
        if (!link.isConnected() && !pages.isComplete()) {
            recover();
        }
    }

    private void recover() throws IOException {
        source.pause();
        long sinceNs = context.clock().nanoTime();
        if (!source.isAlive()) {
            stopFetching(SOURCE_DIED);
            return;
        }
        changeStatus(Progress.Phase.POSTCOPY_PAUSED, "the connection to the source broke, and pages are still there");
        context.reached(Step.PAUSED);
        while (context.control().staysBroken() && !pages.isComplete()) {
            stopFetchingIfHopeless(sinceNs);
            LockSupport.parkNanos(HELD_POLL_NS);
        }
        try (SourceLink.Recovery recovery = listenAgain()) {
            while (!recovery.accept(ACCEPT_SLICE_MS)) {
                stopFetchingIfHopeless(sinceNs);
                if (pages.isComplete()) {
                    return;
                }
            }
        }
        changeStatus(Progress.Phase.POSTCOPY_RECOVER, "the source is here again");
        context.reached(Step.RECOVER);
        try {
            link.send(new Message.Resumed(terms.epoch()));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the connection broke again", e);
        }
        recoveries++;
        pausedNs += context.clock().nanoTime() - sinceNs;
        changeStatus(Progress.Phase.POSTCOPY_ACTIVE, "pages come again");
        source.open();
    }

    private SourceLink.Recovery listenAgain() throws GuestLostException {
        try {
            return link.listenAgain(terms.epoch());
        } catch (IOException e) {
            throw lost("the source cannot connect again (" + e.getMessage() + ")");
        }
    }

    private void stopFetchingIfHopeless(long sinceNs) throws IOException {
        vcpus.check();
        if (!source.isAlive()) {
            stopFetching(SOURCE_DIED);
        } else if (context.clock().nanoTime() - sinceNs > terms.timeoutNs()) {
            stopFetching("the source has not connected again within " + terms.timeoutNs() / NS_PER_S + " s");
        } else if (context.cancellation().isRequested()) {
            stopFetching("interrupted while the source was to connect again");
        }
    }

    /** Fetches no more pages: the guest is lost, unless the batch that has been read already was the last one. */
    private void stopFetching(String why) throws GuestLostException {
        source.shut(why);
        while (!pages.isDone()) {
            LockSupport.parkNanos(POLL_NS);
        }
        if (!pages.isComplete()) {
            throw lost(why);
        }
    }

    private void changeStatus(Progress.Phase phase, String why) {
        LOG.log(System.Logger.Level.INFO, "{0}: {1}", phase, why);
        context.progress().begin(phase, pages.dataPages());
        context.progress().done(Math.min(pages.mappedPages(), pages.dataPages()));
    }

    /**
     * The exception for a guest that is lost because a page could not be fetched: because of {@code failure}, or
     * because the source is dead.
     */
    GuestLostException lost(Throwable failure) throws IOException {
        return lost(source.isAlive() ? "a page could not be had (" + failure.getMessage() + ")" : SOURCE_DIED);
    }

    /** The exception for a guest that is lost because of {@code why}. */
    GuestLostException lost(String why) {
        long all = pages.dataPages();
        long left = Math.max(1, all - pages.mappedPages()); // the mapped pages include zero pages that were touched
        return new GuestLostException(
                why + (all == 0 ? ", with pages of it" : ", with " + left + " of " + all + " pages")
                        + " still in its memory");
    }

    /** How many times the source had to connect again. */
    int recoveries() {
        return recoveries;
    }

    /** How long nothing could be fetched, in nanoseconds. */
    long pausedNs() {
        return pausedNs;
    }
}
