package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.destination.PipedSource;
import io.pageflip.destination.SourceLink;
import io.pageflip.destination.SourceListener;
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
        return console.run(
                spec,
                (progress, outcome) -> Agents.destination(
                        request,
                        () -> listen == null ? readPipe() : accept(listen, console),
                        outcome,
                        cancellation,
                        progress));
    }

    private SourceLink accept(String path, AgentConsole console) throws IOException {
        SourceListener.Observer observer = new SourceListener.Observer() {
            @Override
            public void listening() {
                console.say("waiting for a source at unix:" + path);
            }

            @Override
            public void ignored(String reason) {
                console.warn("ignored: " + reason);
            }
        };
        try {
            return SourceListener.accept(path, observer, NanoClock.SYSTEM, cancellation);
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
