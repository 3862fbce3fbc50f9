package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.guest.GuestsHere;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns SIGINT and SIGTERM into an orderly cancellation. The JVM answers these signals with its shutdown, which waits
 * for the command to end, and for its exit code.
 */
final class Interrupts {
    private static final int SLICE_MS = 100;
    private static final int ORDERLY_SLICES = 120_000 / SLICE_MS;

    /** How long the command may be in one and the same system call, after it was asked to end. */
    private static final int STUCK_SLICES = 800 / SLICE_MS;

    /** They free a guest's memory, which takes its time, and end by themselves. */
    private static final Set<String> FREEING = Set.of("munmap", "close");

    private final Thread command;
    private final Cancellation cancellation = new Cancellation();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile int exitCode = ExitCodes.FAILED;

    /** @param command the thread that runs the command */
    Interrupts(Thread command) {
        this.command = command;
    }

    /** The cancellation that a signal requests. */
    Cancellation cancellation() {
        return cancellation;
    }

    /** The command has ended. */
    void finished(int code) {
        exitCode = code;
        done.countDown();
    }

    /**
     * The body of a shutdown hook: returns the exit code once the command has ended. A command that is stuck in a
     * system call, as that of a file system that does not answer, is not waited for, unless a guest ends with it.
     */
    int awaitFinished() {
        cancellation.request("interrupted by a signal");
        try {
            StackTraceElement[] last = {};
            int stuck = 0;
            for (int i = 0; i < ORDERLY_SLICES && !done.await(SLICE_MS, TimeUnit.MILLISECONDS); i++) {
                StackTraceElement[] now = systemCall();
                stuck = now.length > 0 && Arrays.equals(now, last) ? stuck + 1 : 0;
                last = now;
                if (stuck >= STUCK_SLICES && !GuestsHere.anyEndsWithThisProcess()) {
                    System.err.println("pageflip: cancelled: no guest ends with this process, which hangs in "
                            + now[0].getMethodName());
                    return ExitCodes.FAILED;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return exitCode;
    }

    /** Where the command is, if it is in a system call that it does not wait in by turns; else nothing. */
    private StackTraceElement[] systemCall() {
        if (command.getState() != Thread.State.RUNNABLE) {
            return new StackTraceElement[0];
        }
        StackTraceElement[] stack = command.getStackTrace();
        boolean inside = stack.length > 0 && stack[0].isNativeMethod() && !FREEING.contains(stack[0].getMethodName());
        return inside ? stack : new StackTraceElement[0];
    }

    boolean isFinished() {
        return done.getCount() == 0;
    }
}
