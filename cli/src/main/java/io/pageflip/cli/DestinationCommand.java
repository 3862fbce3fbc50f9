package io.pageflip.cli;

import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.control.ControlServer;
import io.pageflip.destination.PipedSource;
import io.pageflip.destination.SourceLink;
import io.pageflip.destination.SourceListener;
import io.pageflip.metrics.Progress;
import io.pageflip.migration.AgentOutcome;
import io.pageflip.migration.AgentRole;
import io.pageflip.migration.Agents;
import io.pageflip.os.NanoClock;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestRules;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pageflip destination}: the agent that takes a guest over and runs it. */
@Command(
        name = "destination",
        description =
                "Takes a guest over from a source that connects (--listen), or that writes to our standard input.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class DestinationCommand implements Callable<Integer> {
    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--listen",
            paramLabel = "unix:PATH",
            converter = Values.Address.class,
            description =
                    "The socket to wait on for a source. One that a dead destination left is replaced; no other file "
                            + "may be there. Without this option, standard input must be a pipe.")
    private @Nullable String listen;

    @Option(
            names = "--no-move",
            description = "Do not ask for pages to be moved: every page is copied, with the reason move-not-requested.")
    private boolean noMove;

    @Mixin
    private ControlOptions control;

    @Mixin
    private PostcopyOptions postcopy;

    @Mixin
    private RunOptions run;

    DestinationCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException {
        RequestBuilder typed = new RequestBuilder();
        postcopy.fill(typed);
        run.fill(typed);
        MigrationRequest request =
                typed.moves(!noMove).destinationFault(run.fault()).build();
        CheckedRequest.refuse(spec, RequestRules.checkDestination(request));
        AgentConsole console = new AgentConsole(AgentRole.DESTINATION, run, false);
        String qmp = control.path();
        if (qmp != null && listen == null) {
            return runUntilQuit(qmp, request, console);
        }
        MigrationControl asked = new MigrationControl(cancellation);
        return console.run(spec, (progress, outcome) -> {
            AgentOutcome.Work work = () -> Agents.destination(
                    request, () -> listen == null ? readPipe() : accept(listen, console), outcome, asked, progress);
            if (qmp == null) {
                return work.run();
            }
            try (ControlServer server = open(qmp, request, progress, console)) {
                return server.once(AgentRole.DESTINATION, asked, request, work);
            }
        });
    }

    private ControlServer open(String qmp, MigrationRequest request, Progress progress, AgentConsole console)
            throws IOException {
        return ControlOptions.open(
                spec,
                "--qmp",
                qmp,
                new ControlServer.Typed(request, false, false),
                cancellation,
                progress,
                console.observer());
    }

    /** Waits for guests, and does what clients of QMP say. */
    private int runUntilQuit(String qmp, MigrationRequest request, AgentConsole console) throws IOException {
        return console.runUntilQuit(spec, progress -> {
            try (ControlServer server = open(qmp, request, progress, console)) {
                console.say("waiting for commands at unix:" + qmp);
                return server.run(null, request.verify());
            }
        });
    }

    private SourceLink accept(String path, AgentConsole console) throws IOException {
        try {
            return SourceListener.accept(path, console.observer(), NanoClock.SYSTEM, cancellation);
        } catch (RefusedException e) {
            throw new ParameterException(spec.commandLine(), "--listen unix:" + e.getMessage(), e);
        }
    }

    private SourceLink readPipe() throws IOException {
        return PipedSource.over(
                AgentConsole.takeStandardPipe(spec, 0, "standard input", "--listen unix:PATH"),
                NanoClock.SYSTEM,
                cancellation);
    }
}
