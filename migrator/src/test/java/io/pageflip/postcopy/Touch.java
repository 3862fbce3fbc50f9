package io.pageflip.postcopy;

import io.pageflip.testkit.Waiting;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** One thread that touches memory, with a limit for whoever waits for it. */
final class Touch<T> {
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
            return Waiting.result("a touch", task);
        } catch (ExecutionException e) {
            throw new AssertionError("a touch has failed: " + e.getCause(), e);
        }
    }
}
