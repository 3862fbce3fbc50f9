package io.pageflip.destination;

import io.pageflip.agent.GuestLostException;
import io.pageflip.channel.Cancellation;
import io.pageflip.guest.Guest;
import io.pageflip.metrics.Progress;
import io.pageflip.os.NanoClock;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.postcopy.RemainingPages;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.scenario.PageSteps;
import io.pageflip.scenario.Step;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * From the switch of a postcopy until the last page is here. Flipped pages need nobody. Pulled ones need the source: if
 * it dies, the guest is lost; if only the connection to it breaks, nothing is fetched until it has connected again. The
 * names of the states are QEMU's.
 *
 * <pre>
 *   postcopy-active -&gt; postcopy-paused: the connection broke; who touches a missing page waits, the other vCPUs run
 *                   &lt;- postcopy-recover: the source is here again
 * </pre>
 *
 * <p>Used by the agent's one thread, which must touch no guest memory meanwhile: it would wait for itself.
 */
final class PostcopyCompletion {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;
    private static final int ACCEPT_SLICE_MS = 20;
    private static final long FIRST_POLL_NS = 20_000;
    private static final String SOURCE_DIED = "the source died";

    /** The vCPUs of the guest, which runs here. */
    interface Vcpus {
        /** Of each, when it executed its first instruction; 0 for one that has not. */
        long[] firstBeatsNs();

        /** Throws if one has failed. */
        void check() throws IOException;
    }

    /** Where pulled pages are. */
    interface Source {
        /** Whether its process is there, and its memory. */
        boolean isAlive() throws IOException;

        /** From now on nobody reads there, until {@link #open}. */
        void pause();

        /** Its connection is whole again. */
        void open();

        /** Nobody reads there any more, for that reason. */
        void shut(String reason);
    }

    private final RemainingPages late;
    private final @Nullable Source source;
    private final SourceLink link;
    private final Vcpus vcpus;
    private final int epoch;
    private final long recoverTimeoutNs;
    private final Cancellation cancellation;
    private final Progress progress;
    private final Consumer<Step> reached;
    private final NanoClock clock;
    private volatile long fetched;
    private @Nullable PageSteps steps; // the mover's own
    private int recoveries;
    private long pausedNs;

    /**
     * A watch that has not begun.
     *
     * @param source where the pages are, if they are pulled
     * @param epoch in which the guest is this agent's
     * @param recoverTimeoutNs how long a source may take to connect again
     */
    PostcopyCompletion(
            RemainingPages late,
            @Nullable Source source,
            SourceLink link,
            Vcpus vcpus,
            int epoch,
            long recoverTimeoutNs,
            Cancellation cancellation,
            Progress progress,
            Consumer<Step> reached,
            NanoClock clock) {
        this.late = late;
        this.source = source;
        this.link = link;
        this.vcpus = vcpus;
        this.epoch = epoch;
        this.recoverTimeoutNs = recoverTimeoutNs;
        this.cancellation = cancellation;
        this.progress = progress;
        this.reached = reached;
        this.clock = clock;
    }

    /** The vCPUs of a guest. */
    static Vcpus vcpusOf(Guest guest) {
        return new Vcpus() {
            @Override
            public long[] firstBeatsNs() {
                return guest.firstBeatsNs();
            }

            @Override
            public void check() throws IOException {
                guest.checkVcpus();
            }
        };
    }

    /** A source whose memory is read. */
    static Source sourceOf(SourcePages pages) {
        return new Source() {
            @Override
            public boolean isAlive() throws IOException {
                return pages.isAlive();
            }

            @Override
            public void pause() {
                pages.gate().pause();
            }

            @Override
            public void open() {
                pages.gate().open();
            }

            @Override
            public void shut(String reason) {
                pages.gate().shut(reason);
            }
        };
    }

    /** Waits until every vCPU has executed an instruction, however long its pages take. */
    void awaitFirstBeats() throws IOException {
        while (source != null && !hasBeaten()) {
            attend(source);
            Throwable failure = late.failure();
            if (failure != null) {
                throw lost(source, failure);
            }
            vcpus.check();
            LockSupport.parkNanos(FIRST_POLL_NS);
        }
    }

    private boolean hasBeaten() {
        for (long beatNs : vcpus.firstBeatsNs()) {
            if (beatNs == 0) {
                return false;
            }
        }
        return true;
    }

    /** Starts the background mover, once the source can be reached if it is needed. */
    void start() throws IOException {
        if (source == null) {
            late.start();
        } else {
            attend(source);
            progress.begin(Progress.Phase.POSTCOPY_ACTIVE, 0);
            late.start(this::moved);
        }
    }

    /** On the mover's thread, after each batch. */
    private void moved() {
        PageSteps counted = steps;
        if (counted == null) {
            counted = new PageSteps(late.dataPages(), reached);
            steps = counted;
            progress.begin(Progress.Phase.POSTCOPY_ACTIVE, counted.total());
        }
        long now = Math.min(late.mappedPages(), counted.total());
        progress.done(now);
        long more = now - fetched;
        fetched = now;
        counted.add(more);
    }

    /**
     * Waits for the last page.
     *
     * @param meanwhile done once a millisecond
     * @return null if flips have failed, and the kernel maps the rest
     * @throws GuestLostException if it will never come; vCPUs may be trapped
     */
    @Nullable
    PostcopyFigures await(Runnable meanwhile) throws IOException {
        while (!late.isDone()) {
            if (source != null) {
                attend(source);
            }
            vcpus.check();
            meanwhile.run();
            LockSupport.parkNanos(MS);
        }
        Throwable failure = late.failure();
        if (source != null && !late.isComplete()) {
            throw failure == null ? lost("nothing more was fetched") : lost(source, failure);
        }
        try {
            return late.finish();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the kernel maps what is left", e);
            return null;
        }
    }

    /** How often the source had to connect again. */
    int recoveries() {
        return recoveries;
    }

    /** How long nothing could be fetched, in nanoseconds. */
    long pausedNs() {
        return pausedNs;
    }

    private void attend(Source from) throws IOException {
        if (!link.isConnected() && !late.isComplete()) {
            recover(from);
        }
    }

    private GuestLostException lost(Source from, Throwable failure) throws IOException {
        return lost(from.isAlive() ? "a page could not be had (" + failure.getMessage() + ")" : SOURCE_DIED);
    }

    private GuestLostException lost(String why) {
        long all = late.dataPages();
        long left = Math.max(1, all - late.mappedPages()); // zeros that were touched are among the mapped ones
        return new GuestLostException(
                why + (all == 0 ? ", with pages of it" : ", with " + left + " of " + all + " pages")
                        + " still in its memory");
    }

    /** Fetches nothing more: unless the batch that has been read already was the last, the guest is lost. */
    private void giveUp(Source from, String why) throws GuestLostException {
        from.shut(why);
        while (!late.isDone()) {
            LockSupport.parkNanos(FIRST_POLL_NS);
        }
        if (!late.isComplete()) {
            throw lost(why);
        }
    }

    private void recover(Source from) throws IOException {
        from.pause();
        long sinceNs = clock.nanoTime();
        if (!from.isAlive()) {
            giveUp(from, SOURCE_DIED);
            return;
        }
        status(Progress.Phase.POSTCOPY_PAUSED, "the connection to the source broke, and pages are still there");
        reached.accept(Step.PAUSED);
        try (SourceLink.Recovery recovery = listenAgain()) {
            while (!recovery.accept(ACCEPT_SLICE_MS)) {
                checkHope(from, sinceNs);
                if (late.isComplete()) {
                    return;
                }
            }
        }
        status(Progress.Phase.POSTCOPY_RECOVER, "the source is here again");
        reached.accept(Step.RECOVER);
        try {
            link.send(new Message.Resumed(epoch));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the connection broke again", e);
        }
        recoveries++;
        pausedNs += clock.nanoTime() - sinceNs;
        status(Progress.Phase.POSTCOPY_ACTIVE, "pages come again");
        from.open();
    }

    private SourceLink.Recovery listenAgain() throws GuestLostException {
        try {
            return link.listenAgain(epoch);
        } catch (IOException e) {
            throw lost("the source cannot connect again (" + e.getMessage() + ")");
        }
    }

    private void checkHope(Source from, long sinceNs) throws IOException {
        vcpus.check();
        if (!from.isAlive()) {
            giveUp(from, SOURCE_DIED);
        } else if (clock.nanoTime() - sinceNs > recoverTimeoutNs) {
            giveUp(from, "the source has not connected again within " + recoverTimeoutNs / (1000 * MS) + " s");
        } else if (cancellation.isRequested()) {
            giveUp(from, "interrupted while the source was to connect again");
        }
    }

    private void status(Progress.Phase phase, String why) {
        LOG.log(System.Logger.Level.INFO, "{0}: {1}", phase, why);
        progress.begin(phase, late.dataPages());
        progress.done(fetched);
    }
}
