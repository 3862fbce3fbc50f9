package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.guest.GuestConfig;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Pipe;
import io.pageflip.os.SyscallException;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.PipedDestination;
import io.pageflip.source.SourceAgent;
import io.pageflip.source.SourceOptions;
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
            description = "What pages and records go through, with --connect: ${COMPLETION-CANDIDATES} "
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
        SourceOptions options = options(transfer, guest, run, connect == null || channel == ChannelKind.PIPE);
        AgentConsole console = new AgentConsole("source", run, connect == null, cancellation);
        return console.run(spec, progress -> migrate(options, progress));
    }

    static SourceOptions options(TransferOptions transfer, GuestOptions guest, RunOptions run, boolean samePipe) {
        GuestConfig typed = guest.config();
        Scenario scenario = guest.scenario();
        GuestConfig config = transfer.adopted(typed, scenario, guest.place());
        Mechanism mechanism = transfer.resolve(config.backing());
        guest.checkSharer(mechanism, transfer.gifts(), transfer.adopts());
        Schedule schedule = transfer.schedule(mechanism, true);
        guest.checkConditions(mechanism, schedule, transfer.gifts(), true);
        return new SourceOptions(
                config,
                scenario,
                mechanism,
                schedule,
                transfer.gifts(),
                transfer.noWayBack(),
                samePipe,
                transfer.batch(),
                run.verify(),
                run.runAfterNs(),
                transfer.limits(),
                transfer.dirtyTracking(),
                transfer.adoptChunkBytes(),
                guest.ramDirectory(),
                run.fault(),
                run.warmUp());
    }

    private RunResult migrate(SourceOptions options, Progress progress) throws IOException {
        boolean kernelMoves = checkHost(options);
        try (DestinationLink link = connect == null ? openPipe() : connect(connect)) {
            return new SourceAgent(options, link, kernelMoves, cancellation, progress, NanoClock.SYSTEM).run();
        }
    }

    /** As {@link HostChecks#beforeSource}, and for what else these options ask for. */
    static boolean checkHost(SourceOptions options) throws IOException {
        if (options.adoptChunkBytes() > 0) {
            HostChecks.adopt(options.guest(), options.adoptChunkBytes());
        }
        return HostChecks.beforeSource(
                options.guest(),
                options.scenario(),
                options.ramDirectory(),
                options.mechanism(),
                options.gifts(),
                options.noWayBack());
    }

    private DestinationLink connect(String path) throws IOException {
        try {
            return ConnectedDestination.connect(path, channel, NanoClock.SYSTEM, cancellation);
        } catch (SyscallException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED || e.errno() == Errno.ENAMETOOLONG) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--connect unix:" + path + ": nobody listens there (" + Errno.name(e.errno())
                                + "); start 'pageflip destination --listen unix:" + path + "' first");
            }
            throw e;
        }
    }

    private DestinationLink openPipe() throws IOException {
        Fd output = AgentConsole.takeStandardPipe(spec, 1, "standard output", "--connect unix:PATH");
        Pipe.enlarge(output);
        return PipedDestination.over(output, NanoClock.SYSTEM, cancellation);
    }
}
