package io.pageflip.destination;

import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.postcopy.RemainingPages;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The wait for flipped pages. They are in the memfd, so the source may be gone; and if mapping them fails, the kernel
 * maps each page when it is touched.
 */
final class FlippedPagesWait implements RemainingPagesWait {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long POLL_NS = 1_000_000;

    private final RemainingPages pages;
    private final VcpuWatch vcpus;
    private final Runnable batches; // made before the guest is resumed

    FlippedPagesWait(RemainingPages pages, VcpuWatch vcpus) {
        this.pages = pages;
        this.vcpus = vcpus;
        this.batches = FlippedPagesWait::ignoreBatch;
    }

    @Override
    public void awaitFirstBeats() {
        // No wait is needed: the first pages take microseconds.
    }

    @Override
    public void start() {
        pages.start(batches);
    }

    private static void ignoreBatch() {
        // No progress is shown: milliseconds later all pages are here.
    }

    @Override
    public @Nullable PostcopyFigures awaitLastPage(Runnable meanwhile) throws IOException {
        while (!pages.isDone()) {
            vcpus.check();
            meanwhile.run();
            LockSupport.parkNanos(POLL_NS);
        }
        try {
            return pages.finish();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the kernel maps what is left", e);
            return null;
        }
    }

    @Override
    public int recoveries() {
        return 0;
    }

    @Override
    public long pausedNs() {
        return 0;
    }
}
