package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.metrics.Progress;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.postcopy.RemainingPages;
import io.pageflip.scenario.PageSteps;
import io.pageflip.scenario.Step;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The wait for pages that are pulled out of the source's memory. The source is needed for each of them: if it dies, the
 * guest is lost; while only the connection to it is broken, nothing is fetched ({@link SourceRecovery}).
 */
final class PulledPagesWait implements RemainingPagesWait {
    private static final long POLL_NS = 1_000_000;
    private static final long FIRST_POLL_NS = 20_000;

    private final RemainingPages pages;
    private final VcpuWatch vcpus;
    private final SourceRecovery source;
    private final AgentContext<DestinationState> context;
    private final Consumer<Step> reached; // made before the guest is resumed, as is the next field
    private final Runnable batches;
    private @Nullable PageSteps steps; // used by the mover's thread only
    private long counted; // used by the mover's thread only

    /** @param source the connection to the source, in whose memory {@code pages} are */
    PulledPagesWait(
            RemainingPages pages, VcpuWatch vcpus, SourceRecovery source, AgentContext<DestinationState> context) {
        this.pages = pages;
        this.vcpus = vcpus;
        this.source = source;
        this.context = context;
        this.reached = context::reached;
        this.batches = this::countBatch;
    }

    @Override
    public void awaitFirstBeats() throws IOException {
        while (!haveAllBeaten()) {
            source.recoverIfBroken();
            Throwable failure = pages.failure();
            if (failure != null) {
                throw source.lost(failure);
            }
            vcpus.check();
            LockSupport.parkNanos(FIRST_POLL_NS);
        }
    }

    private boolean haveAllBeaten() {
        for (long beatNs : vcpus.firstBeatsNs()) {
            if (beatNs == 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void start() throws IOException {
        source.recoverIfBroken();
        context.progress().begin(Progress.Phase.POSTCOPY_ACTIVE, 0);
        pages.start(batches);
    }

    /** Called on the mover's thread, after each batch. */
    private void countBatch() {
        PageSteps count = steps;
        if (count == null) {
            count = new PageSteps(pages.dataPages(), reached);
            steps = count;
            context.progress().begin(Progress.Phase.POSTCOPY_ACTIVE, count.total());
        }
        long now = Math.min(pages.mappedPages(), count.total());
        context.progress().done(now);
        long more = now - counted;
        counted = now;
        count.add(more);
    }

    @Override
    public PostcopyFigures awaitLastPage(Runnable meanwhile) throws IOException {
        while (!pages.isDone()) {
            source.recoverIfBroken();
            vcpus.check();
            meanwhile.run();
            LockSupport.parkNanos(POLL_NS);
        }
        if (!pages.isComplete()) {
            Throwable failure = pages.failure();
            throw failure == null ? source.lost("nothing more was fetched") : source.lost(failure);
        }
        return pages.finish();
    }

    @Override
    public int recoveries() {
        return source.recoveries();
    }

    @Override
    public long pausedNs() {
        return source.pausedNs();
    }
}
