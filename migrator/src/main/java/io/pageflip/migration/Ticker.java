package io.pageflip.migration;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Does something over and over, on a daemon thread of its own, which keeps no process from ending. Any thread may use
 * it.
 */
public final class Ticker implements AutoCloseable {
    private final ScheduledExecutorService timer;

    /** @param name of the thread */
    public Ticker(String name) {
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Begins: {@code action} is done for the first time one period from now. It ends for good if that throws. */
    public void start(long periodMs, Runnable action) {
        var unused = timer.scheduleAtFixedRate(action, periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    /** Ends it, begun or not; what is being done just now is not waited for. */
    @Override
    public void close() {
        timer.shutdownNow();
    }
}
