package io.pageflip.migration;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.destination.SourceListener;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestDocument;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.DestinationLink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The agent's side of an {@link AgentProcess}: it reads the request from standard input, writes its events to standard
 * output, and gives up when standard input ends.
 */
public final class SupervisedAgent {
    private static final long PERIOD_MS = 200;

    private final InputStream in;
    private final PrintStream out;
    private final AgentController controller;
    private final Cancellation cancellation;
    private final Progress progress = new Progress();
    private final AgentOutcome outcome = new AgentOutcome(AgentRole.SOURCE);

    private SupervisedAgent(InputStream in, PrintStream out, Cancellation cancellation, AgentController controller) {
        this.in = in;
        this.out = out;
        this.controller = controller;
        this.cancellation = cancellation;
    }

    /**
     * Runs the agent, on the calling thread.
     *
     * @param arguments that {@link Migration} or {@link PingPong} has put after the agent command
     * @param in read until its end; not closed
     * @param out gets a line of JSON for each event; no other code may write to it
     * @param controller runs a migration; peers are not controlled
     * @return the result, which was also its last event
     */
    public static RunResult run(
            List<String> arguments,
            InputStream in,
            PrintStream out,
            Cancellation cancellation,
            AgentController controller) {
        SupervisedAgent agent = new SupervisedAgent(in, out, cancellation, controller);
        RunResult result = agent.outcome.of(() -> agent.work(arguments));
        agent.say(AgentEvent.result(result));
        return result;
    }

    private RunResult work(List<String> arguments) throws IOException {
        AgentTask task = AgentTask.parse(arguments);
        outcome.becomes(task.firstRole());
        outcome.logPhases(progress);
        progress.addListener((phase, pages) -> sayIfGuest(phase));
        MigrationRequest request = RequestDocument.read(firstLine());
        Thread watch = new Thread(this::awaitEndOfInput, "supervisor watch");
        watch.setDaemon(true);
        watch.start();
        try (Ticker ticker = new Ticker("events")) {
            ticker.start(PERIOD_MS, () -> say(AgentEvent.progress(progress)));
            return switch (task.kind()) {
                case SOURCE ->
                    controlled(
                            request,
                            control -> Agents.source(
                                    request, () -> connect(task.socket(), request.channel()), control, progress));
                case DESTINATION ->
                    controlled(
                            request,
                            control -> Agents.destination(
                                    request,
                                    () -> Agents.listen(task.socket(), observer(), cancellation),
                                    outcome,
                                    control,
                                    progress));
                case FIRST_PEER, SECOND_PEER ->
                    new Peer(
                                    task,
                                    request,
                                    observer(),
                                    outcome,
                                    done -> say(AgentEvent.result(done)),
                                    cancellation,
                                    progress)
                            .run();
            };
        }
    }

    private RunResult controlled(MigrationRequest request, AgentController.Work work) throws IOException {
        return controller.run(outcome.role(), request, cancellation, progress, work);
    }

    /** Whoever started this agent has started the destination before. */
    private DestinationLink connect(String path, ChannelKind channel) throws IOException {
        try {
            return ConnectedDestination.connect(path, channel, NanoClock.SYSTEM, cancellation);
        } catch (SyscallException e) {
            throw new IOException("the destination is gone (" + e.getMessage() + ")", e);
        }
    }

    private void sayIfGuest(Progress.Phase phase) {
        if (phase == Progress.Phase.PREPARING && outcome.role() == AgentRole.SOURCE) {
            say(AgentEvent.guest());
        }
    }

    private String firstLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new CancelledException("whoever started this agent is gone");
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private void awaitEndOfInput() {
        try {
            while (in.read() >= 0) {
                // Nothing more comes after the request.
            }
        } catch (IOException e) {
            cancellation.request("standard input failed: " + e.getMessage());
        }
        cancellation.request("whoever started this agent is gone");
    }

    private SourceListener.Observer observer() {
        return new SourceListener.Observer() {
            @Override
            public void listening(String path) {
                say(AgentEvent.listening());
            }

            @Override
            public void ignored(String reason) {
                System.err.println("pageflip " + outcome.role() + ": ignored: " + reason);
            }
        };
    }

    private synchronized void say(AgentEvent event) {
        out.println(ResultJson.write(event));
        out.flush();
    }
}
