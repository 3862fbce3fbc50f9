package io.pageflip.postcopy;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** One thread that touches memory, with a deadline for whoever waits for it. */
final class Touch<T> {
    private static final long DEADLINE_S = 20;

    private final FutureTask<T> task;

    private Touch(FutureTask<T> task) {
        this.task = task;
    }

    static <T> Touch<T> start(Callable<T> action) {
        FutureTask<T> task = new FutureTask<>(action);
        Thread thread = new Thread(task, "toucher");
        thread.setDaemon(true);
        thread.start();
        return new Touch<>(task);
    }

    T await() {
        try {
            return task.get(DEADLINE_S, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("not done within " + DEADLINE_S + " s: " + e, e);
        }
    }
}
