package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.SliceLog;
import io.pageflip.os.FaultEvents;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Threads;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.PostcopySettings;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Maps pages after the switchover: the guest runs on blocks whose postcopy pages are not mapped yet. A page is mapped
 * when a vCPU touches it, or in the background, whichever comes first. When all are mapped, the blocks are
 * unregistered, and the kernel serves their faults again. A {@link PageMapper} maps the pages: a flip makes the page
 * table entry point at the frame that the shared file holds ({@code UFFDIO_CONTINUE}), a pull copies the page out of
 * the source's memory ({@code UFFDIO_COPY}).
 *
 * <pre>
 *   vCPU touches a page ----&gt; fault server: maps it, wakes the vCPU, then maps the pages around it
 *                                  |  an account of what is mapped
 *                             background mover: maps the rest, in batches
 *                                  |  all mapped, or stopped
 *                             unregister, wake all threads
 * </pre>
 *
 * <p>If flips fail, no thread stays trapped: the blocks are unregistered, and the kernel itself then maps each page
 * that is touched, from the same file. So a failure costs the counts, but never the guest. If pulls fail, the rest of
 * the guest is lost, and a trapped thread stays trapped until {@link #close}: it must not go on with pages of zeros.
 *
 * <p>One thread uses an object. {@link #serve} starts the fault server, before the guest is resumed; {@link #start}
 * starts the background mover.
 */
public final class Postcopy implements RemainingPages, AutoCloseable {
    private final List<PostcopyPages> blocks;
    private final NanoClock clock;
    private final FaultEvents events;
    private final FaultServer server;
    private final BackgroundMover mover;
    private final Thread serverThread;
    private final Thread moverThread;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private boolean closed;
    private long startNs;
    private volatile long lastPageNs;

    private Postcopy(
            List<PostcopyPages> blocks,
            Userfaultfd userfaultfd,
            List<FaultLog> logs,
            PostcopySettings settings,
            NanoClock clock)
            throws SyscallException {
        this.blocks = List.copyOf(blocks);
        this.events = FaultEvents.of(userfaultfd);
        this.clock = clock;
        this.server = new FaultServer(events, blocks, logs, settings.prefetchPages());
        this.mover = new BackgroundMover(blocks, server, settings.batchPages(), clock);
        this.serverThread = new Thread(this::serve, "fault-server");
        this.moverThread = new Thread(this::move, "background-mover");
        serverThread.setDaemon(true);
        moverThread.setDaemon(true);
        startNs = clock.nanoTime();
    }

    /**
     * Starts the fault server, before the guest is resumed.
     *
     * @param blocks of {@link FlipMapper#pages} or {@link PullMapper#register}
     * @param userfaultfd with which the blocks are registered, with {@link Userfaultfd#FEATURE_THREAD_ID} if the logs
     *     are to be told of faults; its owner closes it after this object
     * @param logs of the vCPUs
     */
    public static Postcopy serve(
            List<PostcopyPages> blocks,
            Userfaultfd userfaultfd,
            List<FaultLog> logs,
            PostcopySettings settings,
            NanoClock clock)
            throws SyscallException {
        Postcopy postcopy = new Postcopy(blocks, userfaultfd, logs, settings, clock);
        postcopy.serverThread.start();
        return postcopy;
    }

    /** Sets where the background mover notes each batch. Call it before {@link #start}, and read it when it is done. */
    public void noteBatches(SliceLog log) {
        mover.noteBatches(log);
    }

    /** Starts the background mover, which calls {@code listener} after each batch, on a thread of its own. */
    @Override
    public void start(Runnable listener) {
        mover.listen(listener);
        startNs = clock.nanoTime();
        moverThread.start();
    }

    private void serve() {
        try {
            server.run();
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
            releaseIfHarmless(); // no thread serves faults any more
        }
    }

    private void move() {
        try {
            mover.run();
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
        lastPageNs = clock.nanoTime();
        if (mover.isComplete()) {
            release();
        } else {
            releaseIfHarmless();
        }
    }

    private void releaseIfHarmless() {
        if (kernelHasTheRest()) {
            release();
        }
    }

    private boolean kernelHasTheRest() {
        return blocks.stream().allMatch(PostcopyPages::kernelHasTheRest);
    }

    /**
     * Releases the blocks. The fault server goes on until this is done: a thread that was trapped just before is
     * served, or woken here.
     */
    private void release() {
        for (PostcopyPages block : blocks) {
            try {
                block.release();
            } catch (IOException | RuntimeException e) {
                failure.compareAndSet(null, e);
            }
        }
    }

    @Override
    public boolean isDone() {
        return !moverThread.isAlive();
    }

    @Override
    public boolean isComplete() {
        return isDone() && mover.isComplete();
    }

    /** Whether something has failed: {@link #finish} says what. */
    public boolean hasFailed() {
        return failure.get() != null;
    }

    @Override
    public @Nullable Throwable failure() {
        return failure.get();
    }

    @Override
    public long mappedPages() {
        return blocks.stream().mapToLong(PostcopyPages::mappedPages).sum();
    }

    @Override
    public long dataPages() {
        return blocks.stream().mapToLong(PostcopyPages::dataPages).sum();
    }

    /**
     * Waits for the last page.
     *
     * @return false if it is not there after {@code timeoutMs} (1 or more)
     */
    public boolean awaitLastPage(long timeoutMs) throws InterruptedException {
        moverThread.join(timeoutMs);
        return isDone();
    }

    /**
     * Ends the postcopy, even if pages are missing: joins both threads.
     *
     * @return the figures of the pages that have been mapped
     * @throws IOException if one of them failed; even then, no thread stays trapped
     */
    @Override
    public PostcopyFigures finish() throws IOException {
        close();
        Throwable failed = failure.get();
        if (failed != null && (kernelHasTheRest() || !mover.isComplete())) {
            throw new IOException("mapping pages after the switchover failed: " + failed.getMessage(), failed);
        }
        long data = 0;
        long mapped = 0;
        for (PostcopyPages block : blocks) {
            data += block.dataPages();
            mapped += block.mappedDataPages();
        }
        return new PostcopyFigures(
                mover.isComplete(),
                server.served(),
                server.touched(),
                server.prefetched(),
                mover.moved(),
                mover.isComplete() ? data - mapped : 0,
                lastPageNs - startNs);
    }

    /**
     * Enters in the ledger what became of the postcopy pages. Call it after {@link #finish}.
     *
     * @param all of the guest's blocks, as the ledger counts them
     */
    public void enterIn(PageLedger ledger, List<RamBlock> all) {
        for (PostcopyPages block : blocks) {
            block.enterIn(ledger, all.indexOf(block.block()), mover.isComplete());
        }
    }

    /** CLOCK_MONOTONIC when {@link #start} was called. */
    public long startNs() {
        return startNs;
    }

    /**
     * CLOCK_MONOTONIC when the last page of {@code block} was mapped; 0 if this object does not map that block. Call it
     * after {@link #finish}.
     */
    public long doneNs(RamBlock block) {
        for (int i = 0; i < blocks.size(); i++) {
            if (blocks.get(i).block() == block) {
                return mover.doneNs(i);
            }
        }
        return 0;
    }

    /** As {@link #finish}, without a result. May be called again. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        mover.stop();
        blocks.forEach(block -> block.stopWaiting(isComplete()));
        Threads.join(moverThread);
        release(); // maybe once more: the mover has done it, unless it was never started
        server.stop();
        Threads.join(serverThread);
        events.close();
    }
}
