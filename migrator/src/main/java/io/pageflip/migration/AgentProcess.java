package io.pageflip.migration;

import io.pageflip.agent.PageAccounts;
import io.pageflip.log.EventLog;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.ChildProcess;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestDocument;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Owns one agent's process. A thread of its own reads the agent's events; any thread may ask for the latest. */
final class AgentProcess implements AutoCloseable {
    private static final long END_TIMEOUT_S = 5;

    /**
     * An agent that dies while it starts is noticed at once. One that lives may be slow: on an emulated processor that
     * others use as well, a JVM takes more than half a minute to start.
     */
    private static final long START_TIMEOUT_S = 300;

    private static final EventLog LOG = EventLog.of("migrate");

    private final String role;
    private final MigrationRequest request;
    private final Process process;
    private final Progress progress;
    private final CountDownLatch listening = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Map<Integer, RunResult> results = new ConcurrentHashMap<>();
    private volatile int resultCount;
    private final LastWords words;
    private volatile boolean garbled;
    private volatile boolean listened;
    private volatile boolean hadGuest;
    private volatile boolean killed;

    /**
     * Starts an agent, which does nothing before {@link #begin}.
     *
     * @param role the agent's name in messages
     * @param launcher starts the process
     * @param request what to ask the agent for
     * @param progress kept up to date with the agent's events
     */
    AgentProcess(String role, AgentLauncher launcher, AgentTask task, MigrationRequest request, Progress progress)
            throws IOException {
        this.role = role;
        this.request = request;
        this.progress = progress;
        List<String> command =
                launcher.command(task.firstRole(), PageAccounts.heapBytes(request.guest(), request.schedule()));
        this.process = ChildProcess.start(new ProcessBuilder(task.after(command)));
        this.words = LastWords.of(process.getErrorStream(), "errors of the " + role);
        if (LOG.isOn()) {
            LOG.event("started the " + role + " agent: process", process.pid());
        }
        Thread reader = new Thread(this::readEvents, "events of the " + role);
        reader.setDaemon(true);
        reader.start();
    }

    /** The number of the process. */
    int pid() {
        return Math.toIntExact(process.pid());
    }

    /** Sends the agent its request. */
    void begin() {
        byte[] line = (RequestDocument.write(request) + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            process.getOutputStream().write(line);
            process.getOutputStream().flush();
        } catch (IOException e) {
            // The process has died already: ending() says how.
        }
    }

    private void readEvents() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                handle(ResultJson.MAPPER.readValue(line, AgentEvent.class));
            }
        } catch (IOException e) {
            // The agent wrote something that is no event, or died while it wrote one: it has no result.
            garbled = true;
        } finally {
            listening.countDown();
            awaitExit();
            if (LOG.isOn()) {
                LOG.event(ending());
            }
            ended.countDown();
        }
    }

    /** Waits for the end of the process: its output ends a moment earlier. */
    private void awaitExit() {
        try {
            process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void handle(AgentEvent event) {
        words.passOn(); // it lives
        switch (event.event()) {
            case LISTENING -> {
                listened = true;
                listening.countDown();
            }
            case GUEST -> hadGuest = true;
            case PROGRESS -> {
                if (event.phase() != null && event.total() != null && event.done() != null) {
                    progress.begin(event.phase(), event.total());
                    progress.done(event.done());
                }
            }
            case RESULT -> {
                if (event.result() != null) {
                    int index = resultCount; // this thread alone writes it
                    results.put(index, event.result());
                    resultCount = index + 1;
                }
            }
        }
    }

    /**
     * Waits until the agent listens, or has ended.
     *
     * @return whether it listens
     * @throws IOException if it does neither for a long time
     */
    boolean awaitListening() throws IOException, InterruptedException {
        if (!listening.await(START_TIMEOUT_S, TimeUnit.SECONDS)) {
            throw new IOException("the destination agent does not listen after " + START_TIMEOUT_S + " s");
        }
        if (!listened) {
            ended.await();
        }
        return listened;
    }

    /**
     * Waits at most {@code millis} milliseconds until all events are read and the process has ended; returns whether
     * they are.
     */
    boolean awaitEnd(long millis) throws InterruptedException {
        return ended.await(millis, TimeUnit.MILLISECONDS);
    }

    /** The agent's last result; null if it died before it had one. */
    @Nullable
    RunResult result() {
        return result(resultCount - 1);
    }

    /**
     * The agent's result of its migration {@code index}, from 0; null if it died before that, or has not come so far.
     */
    @Nullable
    RunResult result(int index) {
        return garbled ? null : results.get(index);
    }

    /** Forgets the agent's results up to that of its migration {@code index}, but for the last one so far. */
    void forget(int index) {
        results.keySet().removeIf(known -> known <= index && known < resultCount - 1);
    }

    /** Whether the agent has ever run a guest as a source. */
    boolean hadGuest() {
        return hadGuest;
    }

    /** The number of results so far, one for each migration. */
    int results() {
        return resultCount;
    }

    /** Whether the agent's last result says that it did not give the guest away. */
    boolean keptGuest() {
        RunResult said = result();
        return said != null && said.status() != MigrationStatus.COMPLETED;
    }

    /** Whether the process has ended. */
    boolean hasEnded() {
        return !process.isAlive();
    }

    /** How the process ended, and what it said last, as text for a person. */
    String ending() {
        if (process.isAlive()) {
            return "the " + role + " agent is still running";
        }
        int code = process.exitValue();
        String how = code > 128 ? "was killed by signal " + (code - 128) : "ended with exit code " + code;
        return "the " + role + " agent " + how + words.said();
    }

    /** Asks the agent to give up in an orderly way ({@code SIGTERM}). */
    void cancel() {
        LOG.event("asks for the end of the agent:", role);
        process.toHandle().destroy(); // Process.destroy() would close its output as well, and so lose its result
    }

    /** Kills the agent, which has not ended when it was asked to. */
    void kill() {
        if (process.isAlive()) {
            killed = true;
            process.destroyForcibly();
        }
    }

    /** Whether {@link #kill} has killed it. */
    boolean wasKilled() {
        return killed;
    }

    /** Closes the agent's standard input, which asks it to end, and waits until it has; kills it if it does not end. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        boolean interrupted = false;
        try {
            if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            interrupted = true;
            process.destroyForcibly();
        }
        words.awaitEnd();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
