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
 * something to take a certain time at least, or at most, does not wait here: it arranges for it.
 */
public final class Waiting {
    /**
     * How long a test waits for anything. Only a hang gets there: on a machine whose load is 40 times its processors,
     * what takes a second takes 40. It costs nothing where a test passes.
     */
    public static final Duration LIMIT = Duration.ofMinutes(5);

    /** The same, for what takes nanoseconds. */
    public static final long LIMIT_NS = LIMIT.toNanos();

    /** The same, for what takes milliseconds. */
    public static final int LIMIT_MS = Math.toIntExact(LIMIT.toMillis());

    private static final Duration PERIOD = Duration.ofMillis(5);

    private Waiting() {}

    /** Something that may hold by now. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** Something that may hold by now, and which says why it does not. */
    @FunctionalInterface
    public interface Assertion {
        void check() throws Exception;
    }

    /** Returns as soon as it holds. */
    public static void until(String what, Condition condition) {
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .until(condition::holds);
    }

    /** Returns as soon as the assertion does; else fails as it does. */
    public static void untilAsserted(String what, Assertion assertion) {
        ThrowingRunnable check = assertion::check;
        Awaitility.await(what)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PERIOD)
                .untilAsserted(check);
    }

    /** The result of a task. A task that failed throws what it threw, wrapped. */
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
