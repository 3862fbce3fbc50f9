package io.pageflip.postcopy;

import io.pageflip.memory.PageRange;
import io.pageflip.metrics.SliceLog;
import io.pageflip.os.NanoClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Maps all pages that the fault server has not mapped yet, block by block, in batches, with a pause after each batch
 * during which a fault was served. One thread calls {@link #run}; any thread may call {@link #stop}.
 */
final class BackgroundMover implements Runnable {
    /** Leaves the processor to the threads that were trapped; the kernel makes at least 50 us of it. */
    private static final long PAUSE_NS = 1;

    private final PostcopyPages[] blocks;
    private final FaultServer server;
    private final int batchPages;
    private final NanoClock clock;
    private final long[] doneNs;
    private Runnable listener = () -> {};
    private SliceLog batches = new SliceLog(0);
    private volatile boolean stopped;
    private long moved;
    private boolean complete;

    BackgroundMover(List<PostcopyPages> blocks, FaultServer server, int batchPages, NanoClock clock) {
        this.blocks = blocks.toArray(PostcopyPages[]::new);
        this.server = server;
        this.batchPages = batchPages;
        this.clock = clock;
        this.doneNs = new long[blocks.size()];
    }

    /** Sets what is called after each batch, on the thread of {@link #run}. Call it before {@link #run}. */
    void listen(Runnable called) {
        listener = called;
    }

    /** Sets where each batch is noted, on the thread of {@link #run}. Call it before {@link #run}. */
    void noteBatches(SliceLog log) {
        batches = log;
    }

    /** Maps pages until every page of data is mapped, or {@link #stop} is called. */
    @Override
    public void run() {
        try {
            for (PostcopyPages block : blocks) {
                block.find();
            }
            for (int i = 0; i < blocks.length; i++) {
                move(blocks[i]);
                doneNs[i] = clock.nanoTime();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        complete = !stopped;
    }

    private void move(PostcopyPages block) throws IOException {
        PageRange next = block.nextMissing(0, block.pages(), batchPages);
        while (next != null && !stopped) {
            long startNs = batches.now(clock);
            long mapped = block.map(next);
            moved += mapped;
            batches.add(startNs, batches.now(clock), mapped);
            listener.run();
            next = block.nextMissing(next.first() + Math.max(1, mapped), block.pages(), batchPages);
            if (server.isBusy()) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    /** Ends {@link #run} after the current batch. */
    void stop() {
        stopped = true;
    }

    /** Whether every page of data was mapped when {@link #run} ended. Read when its thread has ended. */
    boolean isComplete() {
        return complete;
    }

    /** When the last page of a block was mapped. Read when its thread has ended. */
    long doneNs(int block) {
        return doneNs[block];
    }

    /** How many pages this mover has mapped. Read when its thread has ended. */
    long moved() {
        return moved;
    }
}
