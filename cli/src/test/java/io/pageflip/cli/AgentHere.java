package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An agent in the JVM of the tests: the same command with the same options, the same report and the same exit code,
 * without a JVM that has to be started. It is the half of a migration that lives on; the half that is killed is a
 * process. One at a time, because standard output and standard error are its own until it has ended.
 */
public final class AgentHere implements AutoCloseable {
    private final String name;
    private final PrintStream previousOut = System.out;
    private final PrintStream previousErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Interrupts interrupts = new Interrupts(Thread.currentThread());
    private final FutureTask<Integer> work;

    private AgentHere(List<String> arguments) {
        this.name = "pageflip " + String.join(" ", arguments);
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        this.work = new FutureTask<>(() -> Main.commandLine(interrupts).execute(arguments.toArray(String[]::new)));
    }

    /** Starts one. It may drop its connection, but do nothing to its process, which is that of the tests. */
    public static AgentHere start(List<String> arguments) {
        assertThat(arguments).noneMatch(argument -> argument.matches("(--fault=)?(kill|stop|term)@.*"));
        AgentHere agent = new AgentHere(arguments);
        Thread thread = new Thread(agent.work, "agent here");
        thread.setDaemon(true);
        thread.start();
        return agent;
    }

    /** Standard output so far. */
    public String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Standard error so far. */
    public String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** Whether it has ended. */
    public boolean hasEnded() {
        return work.isDone();
    }

    /** Waits for its end, and returns its exit code. */
    public int end() {
        try {
            return work.get(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("has not ended within " + Waiting.LIMIT + ": " + this, e);
        } catch (ExecutionException e) {
            throw new AssertionError(toString(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Waits for its end, and checks its exit code. */
    public AgentHere endsWith(int exitCode) {
        assertThat(end()).as("exit code of %s", this).isEqualTo(exitCode);
        return this;
    }

    /** Asks it to end, if it has not; the streams are the tests' again. */
    @Override
    public void close() {
        interrupts.cancellation().request("the test is over");
        try {
            end();
        } finally {
            System.setOut(previousOut);
            System.setErr(previousErr);
        }
    }

    @Override
    public String toString() {
        return name + " (in the JVM of the tests)\n--- standard output\n" + out() + "--- standard error\n" + err()
                + "---";
    }
}
