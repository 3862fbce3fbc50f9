package io.pageflip.postcopy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.FaultEvents;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Pages that come after the switch: the guest runs on blocks of which no page is mapped, and a page is mapped when a
 * vCPU touches it, or in the background, whichever comes first, until all of them are. Then the blocks are
 * unregistered, and the kernel serves their faults again. How a page is mapped is the {@link PageMapper}'s: flips point
 * at the frame that the shared file holds ({@code UFFDIO_CONTINUE}), pulls copy out of the source's memory
 * ({@code UFFDIO_COPY}).
 *
 * <pre>
 *   vCPU touches a page ----&gt; fault server: maps it, wakes the vCPU, then maps the pages around it
 *                                  |  an account of what is mapped
 *                             background mover: maps the rest, in batches
 *                                  |  all mapped, or stopped
 *                             unregister, wake everybody
 * </pre>
 *
 * <p>If flips fail, nobody stays trapped: the blocks are unregistered, after which the kernel itself maps what is
 * touched, from the same file. So a failure costs the counts and never the guest. If pulls fail, the rest of the guest
 * is lost, and who is trapped stays so until {@link #close}: it must not go on with pages of zeros.
 *
 * <p>One thread uses an object. {@code prepare} starts the fault server, before the guest is resumed; {@link #start}
 * the mover.
 */
public final class Postcopy implements RemainingPages, AutoCloseable {
    /**
     * How pages are mapped.
     *
     * @param prefetchPages the window around a touched page, in pages of its block, 1 or more
     * @param batchPages the most pages that one call of the background mover maps, 1 or more
     * @param recoverTimeoutNs how long a source that is still needed may take to connect again if its connection breaks
     */
    public record Options(int prefetchPages, int batchPages, long recoverTimeoutNs) {
        /**
         * A window of 64 KiB, as the kernel's own fault-around has it; a batch that keeps a fault waiting for some 20
         * us.
         */
        public static final Options DEFAULT = new Options(16, 64);

        private static final long RECOVER_TIMEOUT_NS = 30_000_000_000L;

        public Options {
            if (prefetchPages < 1 || batchPages < 1 || recoverTimeoutNs < 0) {
                throw new IllegalArgumentException("a window of " + prefetchPages + " pages, and batches of "
                        + batchPages + ", and " + recoverTimeoutNs + " ns");
            }
        }

        /** With the usual time limit. */
        public Options(int prefetchPages, int batchPages) {
            this(prefetchPages, batchPages, RECOVER_TIMEOUT_NS);
        }
    }

    private final List<PostcopyPages> blocks = new ArrayList<>();
    private final NanoClock clock;
    private final FaultEvents events;
    private final FaultServer server;
    private final BackgroundMover mover;
    private final Thread serverThread;
    private final Thread moverThread;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final @Nullable SourceGate gate;
    private final @Nullable Userfaultfd owned;
    private boolean closed;
    private long startNs;
    private volatile long lastPageNs;

    private Postcopy(
            List<PostcopyPages> blocks,
            FaultEvents events,
            @Nullable SourceGate gate,
            @Nullable Userfaultfd owned,
            List<FaultLog> logs,
            Options options,
            NanoClock clock) {
        this.blocks.addAll(blocks);
        this.events = events;
        this.gate = gate;
        this.owned = owned;
        this.clock = clock;
        this.server = new FaultServer(events, blocks, logs, options.prefetchPages());
        this.mover = new BackgroundMover(blocks, server, options.batchPages(), clock);
        this.serverThread = new Thread(this::serve, "fault-server");
        this.moverThread = new Thread(this::move, "background-mover");
        serverThread.setDaemon(true);
        moverThread.setDaemon(true);
    }

    /**
     * Starts the fault server.
     *
     * @param blocks shared, and registered in minor mode as a whole
     * @param data the pages of each that its file holds, while the guest stands still
     * @param userfaultfd with {@link Userfaultfd#FEATURE_THREAD_ID}, if the logs are to be told; its owner closes it
     *     after this
     * @param logs of the vCPUs
     */
    public static Postcopy prepare(
            List<RamBlock> blocks,
            List<PageBitmap> data,
            Userfaultfd userfaultfd,
            List<FaultLog> logs,
            Options options,
            NanoClock clock)
            throws SyscallException {
        List<PostcopyPages> late = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            PageMapper mapper = new FlipMapper(blocks.get(i), userfaultfd);
            late.add(new PostcopyPages(blocks.get(i), data.get(i), data.get(i), mapper));
        }
        return serving(new Postcopy(late, FaultEvents.of(userfaultfd), null, null, logs, options, clock));
    }

    private static Postcopy serving(Postcopy postcopy) {
        postcopy.startNs = postcopy.clock.nanoTime();
        postcopy.serverThread.start();
        return postcopy;
    }

    /**
     * Starts the fault server for all blocks; their late pages are pulled, and others that are missing are zero.
     *
     * @param blocks all of the guest's, as the ledger counts them; memory of our own, in which late pages are missing
     * @param ledger which may learn of more late pages until the guest is resumed
     * @param source where the guest stands once it is resumed here
     * @throws HostLacksException if this kernel cannot trap a touch of such memory
     */
    public static Postcopy pull(
            List<RamBlock> blocks,
            PageLedger ledger,
            SourcePages source,
            List<FaultLog> logs,
            Options options,
            NanoClock clock)
            throws IOException {
        Userfaultfd userfaultfd = openForMissing();
        try {
            List<PostcopyPages> late = new ArrayList<>();
            for (int i = 0; i < blocks.size(); i++) {
                RamBlock block = blocks.get(i);
                PageBitmap pages = ledger.late(i);
                userfaultfd.registerMissing(block.mapping());
                PageMapper mapper = new PullMapper(block, i, pages, userfaultfd, source);
                late.add(new PostcopyPages(block, pages, new PageBitmap(pages.pages()), mapper));
            }
            FaultEvents events = FaultEvents.of(userfaultfd);
            return serving(new Postcopy(late, events, source.gate(), userfaultfd, logs, options, clock));
        } catch (IOException | RuntimeException e) {
            userfaultfd.close();
            throw e;
        }
    }

    private static Userfaultfd openForMissing() throws IOException {
        try {
            return Userfaultfd.open(Userfaultfd.FEATURE_MISSING_SHMEM
                    | Userfaultfd.FEATURE_MISSING_HUGETLBFS
                    | Userfaultfd.FEATURE_THREAD_ID);
        } catch (SyscallException e) {
            throw new HostLacksException(
                    "pages cannot be pulled after the switch: this kernel does not trap missing pages of guest RAM ("
                            + e.getMessage() + "); use --schedule stop-and-move",
                    e);
        }
    }

    /**
     * Starts the fault server for all blocks that have a file, whose late pages {@code ledger} knows.
     *
     * @param blocks all of the guest's, as the ledger counts them
     */
    public static Postcopy prepare(
            List<RamBlock> blocks,
            PageLedger ledger,
            Userfaultfd userfaultfd,
            List<FaultLog> logs,
            Options options,
            NanoClock clock)
            throws SyscallException {
        List<RamBlock> late = new ArrayList<>();
        List<PageBitmap> data = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            if (blocks.get(i).file() != null) {
                late.add(blocks.get(i));
                data.add(ledger.late(i));
            }
        }
        return prepare(late, data, userfaultfd, logs, options, clock);
    }

    /** Starts the background mover, which calls {@code listener} after each batch, on a thread of its own. */
    @Override
    public void start(Runnable listener) {
        mover.tell(listener);
        start();
    }

    /** Starts the background mover. */
    @Override
    public void start() {
        startNs = clock.nanoTime();
        moverThread.start();
    }

    private void serve() {
        try {
            server.run();
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
            releaseIfHarmless(); // nobody serves any more
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
        if (blocks.stream().allMatch(PostcopyPages::kernelHasTheRest)) {
            release();
        }
    }

    /** The server goes on until this is done: a thread that was trapped just before is served, or woken here. */
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

    /** Whether something went wrong: {@link #finish} says what. */
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
     * Ends it, in the middle if need be: joins both threads.
     *
     * @return what has been mapped
     * @throws IOException if one of them failed; nobody is trapped nevertheless
     */
    @Override
    public PostcopyFigures finish() throws IOException {
        close();
        Throwable failed = failure.get();
        if (failed != null && (gate == null || !mover.isComplete())) {
            throw new IOException("mapping pages after the switch failed: " + failed.getMessage(), failed);
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
     * Tells the ledger what became of its late pages; to be called after {@link #finish}.
     *
     * @param all of the guest's blocks, as the ledger counts them
     */
    public void settle(PageLedger ledger, List<RamBlock> all) {
        for (PostcopyPages block : blocks) {
            block.settle(ledger, all.indexOf(block.block()), mover.isComplete());
        }
    }

    /** CLOCK_MONOTONIC when {@link #start} was called. */
    public long startNs() {
        return startNs;
    }

    /**
     * CLOCK_MONOTONIC when the last page of {@code block} was mapped; 0 if it is none of these. After {@link #finish}.
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
        letReadersGo();
        join(moverThread);
        release(); // again, if the mover has: it may never have been started
        server.stop();
        join(serverThread);
        events.close();
        if (owned != null) {
            owned.close();
        }
    }

    /**
     * Nobody waits any more for a source that may not come back; who serves a late fault of a page that is there may.
     */
    private void letReadersGo() {
        if (gate == null) {
            return;
        }
        if (isComplete()) {
            gate.remove();
        } else {
            gate.shut("no more pages are wanted");
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // a batch ends soon, and memory that it works on goes next
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
