package io.pageflip.testkit;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;

/**
 * Waits for conditions, never for time. Every wait has the same limit and says what it waited for. A test that needs
 * something to take a certain time at least, or at most, must not wait for it here: it must bring it about.
 */
public final class Waiting {
    /**
     * How long a test waits for anything. Only a hang reaches it: on a machine whose load is 40 times its processors,
     * an action of one second takes 40. It costs nothing where a test passes.
     */
    public static final Duration LIMIT = Duration.ofMinutes(5);

    /** {@link #LIMIT}, in nanoseconds. */
    public static final long LIMIT_NS = LIMIT.toNanos();

    /** {@link #LIMIT}, in milliseconds. */
    public static final int LIMIT_MS = Math.toIntExact(LIMIT.toMillis());

    private static final Duration PERIOD = Duration.ofMillis(5);

    private Waiting() {}

    /** A condition that may hold by now. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** An assertion that may hold by now, and that says why it does not. */
    @FunctionalInterface
    public interface Assertion {
        void check() throws Exception;
    }

    /** Returns as soon as the condition holds. */
    public static void until(String what, Condition condition) {
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .until(condition::holds);
    }

    /** Returns as soon as the assertion passes; else fails with its error. */
    public static void untilAsserted(String what, Assertion assertion) {
        ThrowingRunnable check = assertion::check;
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .untilAsserted(check);
    }

    /** Waits for the result of a task. If the task failed, throws its exception, wrapped. */
    public static <T> T result(String what, Future<T> task) throws ExecutionException {
        try {
            return task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError(what + ": not done within " + LIMIT, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting: " + what, e);
        }
    }

    /** Waits for the end of a process, and returns its exit code. */
    public static int exitCode(String what, Process process) {
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(what + ": has not ended within " + LIMIT);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting: " + what, e);
        }
    }
}
