package io.pageflip.postcopy;

import io.pageflip.memory.PageRange;
import io.pageflip.os.FaultEvents;
import io.pageflip.ram.FaultLog;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Serves page faults until it is stopped. It reads several faults at once, maps the touched pages first, and only then
 * the pages around them. One thread calls {@link #run}; any thread may call {@link #isBusy} and {@link #stop}. Read the
 * figures when the thread of {@link #run} has ended.
 *
 * <p>Nothing is allocated between two faults, and guest memory is never touched, so this thread cannot be trapped
 * itself.
 */
final class FaultServer implements Runnable {
    /**
     * How many times it looks for the next fault before it sleeps: a vCPU that has touched one missing page soon
     * touches another.
     */
    private static final int EAGER_TRIES = 20;

    private final FaultEvents events;
    private final PostcopyPages[] blocks;
    private final FaultLog[] logs;
    private final int prefetchPages;
    private final PostcopyPages[] prefetchBlock = new PostcopyPages[FaultEvents.MOST];
    private final long[] prefetchPage = new long[FaultEvents.MOST];
    private volatile boolean busy;

    private long served;
    private long touched;
    private long prefetched;

    /**
     * A server of the faults in {@code blocks}.
     *
     * @param logs of the vCPUs, which are told when a fault is served
     * @param prefetchPages the pages of the block around a touched one, itself included, that are mapped with it; 1
     *     maps no other
     */
    FaultServer(FaultEvents events, List<PostcopyPages> blocks, List<FaultLog> logs, int prefetchPages) {
        this.events = events;
        this.blocks = blocks.toArray(PostcopyPages[]::new);
        this.logs = logs.toArray(FaultLog[]::new);
        this.prefetchPages = prefetchPages;
    }

    /**
     * Serves until {@link #stop}.
     *
     * @throws java.io.UncheckedIOException if a system call fails: then the trapped threads must be freed by other
     *     means
     */
    @Override
    public void run() {
        try {
            serveUntilStopped();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void serveUntilStopped() throws IOException {
        while (events.await()) {
            busy = true;
            int idle = 0;
            while (idle < EAGER_TRIES) {
                int count = events.poll();
                if (count == 0) {
                    idle++;
                    Thread.onSpinWait();
                } else {
                    idle = 0;
                    for (int i = 0; i < count; i++) {
                        serve(i);
                    }
                    prefetch(count);
                }
            }
            busy = false;
        }
    }

    private void serve(int event) throws IOException {
        long address = events.address(event);
        PostcopyPages block = blockAt(address);
        FaultLog log = logOf(events.threadId(event));
        if (log != null) {
            log.serving();
        }
        served++;
        long page = block.pageOf(address);
        if (block.serve(page)) {
            touched++;
        }
        prefetchBlock[event] = block;
        prefetchPage[event] = page;
    }

    /** Maps the rest of the window of each page just served, unless it is mapped already. */
    private void prefetch(int count) throws IOException {
        for (int i = 0; i < count && prefetchPages > 1; i++) {
            PostcopyPages block = prefetchBlock[i];
            long first = prefetchPage[i] - prefetchPage[i] % prefetchPages;
            long end = Math.min(block.pages(), first + prefetchPages);
            PageRange next = block.nextMissing(first, end, prefetchPages);
            while (next != null) {
                long mapped = block.map(next);
                prefetched += mapped;
                next = block.nextMissing(next.first() + Math.max(1, mapped), end, prefetchPages);
            }
        }
    }

    private PostcopyPages blockAt(long address) {
        for (PostcopyPages block : blocks) {
            if (block.holds(address)) {
                return block;
            }
        }
        throw new IllegalStateException("a page fault at 0x" + Long.toHexString(address) + ", in no RAM block");
    }

    private @Nullable FaultLog logOf(int threadId) {
        for (FaultLog log : logs) {
            if (log.threadId() == threadId) {
                return log;
            }
        }
        return null;
    }

    /** Whether a thread was trapped a moment ago: less urgent work should let it run first. */
    boolean isBusy() {
        return busy;
    }

    /** Ends {@link #run} after the current faults. */
    void stop() {
        events.stop();
    }

    /** How many faults were served, including those whose page the background mover had mapped meanwhile. */
    long served() {
        return served;
    }

    /** How many pages were mapped because they were touched. */
    long touched() {
        return touched;
    }

    /** How many pages were mapped because they lie near a touched one. */
    long prefetched() {
        return prefetched;
    }
}
