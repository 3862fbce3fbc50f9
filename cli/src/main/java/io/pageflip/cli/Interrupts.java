package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns SIGINT and SIGTERM into an orderly cancellation. The JVM answers these signals with its shutdown, which waits
 * for the command to end, and for its exit code.
 */
final class Interrupts {
    private static final long ORDERLY_S = 120;

    private final Cancellation cancellation = new Cancellation();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile int exitCode = ExitCodes.FAILED;

    /** The cancellation that a signal requests. */
    Cancellation cancellation() {
        return cancellation;
    }

    /** The command has ended. */
    void finished(int code) {
        exitCode = code;
        done.countDown();
    }

    /** The body of a shutdown hook: returns the exit code once the command has ended. */
    int awaitFinished() {
        cancellation.request("interrupted by a signal");
        try {
            if (!done.await(ORDERLY_S, TimeUnit.SECONDS)) {
                return ExitCodes.FAILED;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return exitCode;
    }

    boolean isFinished() {
        return done.getCount() == 0;
    }
}
