package io.pageflip.migration;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Repeats an action on a daemon thread of its own, which does not keep the process from ending. Any thread may use it.
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

    /**
     * Begins: {@code action} runs for the first time one period from now. If it throws, the handler of uncaught
     * exceptions gets that, as from any thread, and the action is not run again.
     */
    public void start(long periodMs, Runnable action) {
        var unused = timer.scheduleAtFixedRate(() -> runOnce(action), periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    private static void runOnce(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error e) { // the executor would keep it to itself
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
            throw e;
        }
    }

    /** Ends the repetition, begun or not; does not wait for an action that is running. */
    @Override
    public void close() {
        timer.shutdownNow();
    }
}
