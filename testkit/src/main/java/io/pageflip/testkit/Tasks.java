package io.pageflip.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** One thread that runs one action, with a limit for the wait for its result. */
public final class Tasks<T> {
    private final String name;
    private final FutureTask<T> task;
    private volatile String kernelName = "";

    private Tasks(String name, Callable<T> action) {
        this.name = name;
        this.task = new FutureTask<>(() -> {
            kernelName = Files.readSymbolicLink(Path.of("/proc/thread-self")).toString();
            return action.call();
        });
    }

    public static <T> Tasks<T> start(String name, Callable<T> action) {
        Tasks<T> started = new Tasks<>(name, action);
        Thread thread = new Thread(started.task, name);
        thread.setDaemon(true);
        thread.start();
        return started;
    }

    /** Waits for the result, and returns it. */
    public T await() {
        try {
            return Waiting.result(name, task);
        } catch (ExecutionException e) {
            throw new AssertionError(name + " has failed: " + e.getCause(), e);
        }
    }

    public boolean isDone() {
        return task.isDone();
    }

    /** Waits until the kernel has put the thread to sleep. */
    public void awaitAsleep() {
        Waiting.until(name + " to sleep", () -> {
            if (task.isDone()) {
                throw new AssertionError(name + " has ended");
            }
            return isAsleep();
        });
    }

    private boolean isAsleep() {
        if (kernelName.isEmpty()) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc", kernelName, "stat"));
            return stat.startsWith("S", stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return false; // it has ended: the caller sees that
        }
    }
}
