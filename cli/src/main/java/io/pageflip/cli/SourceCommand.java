package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.migration.AgentRole;
import io.pageflip.migration.Agents;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Pipe;
import io.pageflip.os.ProcessOutput;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestBuilder;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.PipedDestination;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pageflip source}: the agent that runs a guest and gives it away. */
@Command(
        name = "source",
        description = {
            "Runs a guest and gives it to a destination: one that listens (--connect), or one that reads our standard "
                    + "output (pageflip source … | pageflip destination)."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class SourceCommand implements Callable<Integer> {
    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--connect",
            paramLabel = "unix:PATH",
            converter = Values.Address.class,
            description = "The socket of a destination that listens. Without it, standard output must be a pipe.")
    private @Nullable String connect;

    @Option(
            names = "--channel",
            paramLabel = "KIND",
            defaultValue = "unix",
            description = "Channel for pages and records, with --connect: ${COMPLETION-CANDIDATES} "
                    + "(default: ${DEFAULT-VALUE}).")
    private ChannelKind channel;

    @Mixin
    private TransferOptions transfer;

    @Mixin
    private GuestOptions guest;

    @Mixin
    private RunOptions run;

    SourceCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException {
        RequestBuilder typed = new RequestBuilder();
        guest.fill(typed);
        transfer.fill(typed);
        run.fill(typed);
        typed.channel(connect == null ? ChannelKind.PIPE : channel).sourceFault(run.fault());
        MigrationRequest request = CheckedRequest.of(spec, typed.build());
        AgentConsole console = new AgentConsole(AgentRole.SOURCE, run, connect == null);
        return console.run(
                spec, (progress, outcome) -> Agents.source(request, () -> open(request), cancellation, progress));
    }

    private DestinationLink open(MigrationRequest request) throws IOException {
        if (connect == null) {
            return openPipe();
        }
        try {
            return Agents.connect(connect, request.channel(), cancellation);
        } catch (RefusedException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private DestinationLink openPipe() throws IOException {
        Fd output =
                AgentConsole.takeStandardPipe(spec, ProcessOutput.number(), "standard output", "--connect unix:PATH");
        Pipe.enlarge(output);
        return PipedDestination.over(output, NanoClock.SYSTEM, cancellation);
    }
}
