package io.pageflip.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** One thread that does one thing, with a deadline for whoever waits for it. */
public final class Tasks<T> {
    private static final long DEADLINE_S = 20;

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

    /** Its result, for which it has 20 s from now on. */
    public T await() {
        try {
            return task.get(DEADLINE_S, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(name + " has not done what it should within " + DEADLINE_S + " s: " + e, e);
        }
    }

    public boolean isDone() {
        return task.isDone();
    }

    /** Waits until the kernel has put the thread to sleep. */
    public void awaitAsleep() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!isAsleep()) {
            if (task.isDone() || System.nanoTime() > deadline) {
                throw new AssertionError(name + (task.isDone() ? " has ended" : " does not sleep"));
            }
            Thread.onSpinWait();
        }
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
