package io.pageflip.cli;

import io.pageflip.agent.HostChecks;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.control.ControlServer;
import io.pageflip.destination.SourceListener;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentRole;
import io.pageflip.migration.Agents;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Pipe;
import io.pageflip.os.ProcessOutput;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.PipedDestination;
import io.pageflip.source.SourceAgent;
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
    /** An option of {@code source} and {@code migrate}. */
    static final String PAUSE = "--pause-before-switchover";

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
    private ControlOptions control;

    @Option(
            names = PAUSE,
            description = "Pause the guest before the switchover, and wait for 'migrate-continue' (with --qmp).")
    private boolean pausesBeforeSwitchover;

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
        typed.sourceFault(run.fault());
        String qmp = control.path();
        if (pausesBeforeSwitchover && qmp == null) {
            throw new ParameterException(
                    spec.commandLine(), PAUSE + " waits for 'migrate-continue'; add --qmp unix:PATH, where that comes");
        }
        if (qmp != null && connect == null) {
            return runUntilQuit(qmp, typed.channel(channel));
        }
        typed.channel(connect == null ? ChannelKind.PIPE : channel);
        MigrationRequest request = CheckedRequest.of(spec, typed.build());
        AgentConsole console = new AgentConsole(AgentRole.SOURCE, run, connect == null);
        if (qmp != null) {
            return console.run(spec, (progress, outcome) -> runWatched(qmp, request, progress));
        }
        return console.run(
                spec,
                (progress, outcome) ->
                        Agents.source(request, () -> open(request), new MigrationControl(cancellation), progress));
    }

    /** Migrates once, while others watch. */
    private RunResult runWatched(String qmp, MigrationRequest request, Progress progress) throws IOException {
        MigrationControl asked = new MigrationControl(cancellation, pausesBeforeSwitchover);
        ControlServer.Typed typed = new ControlServer.Typed(request, true, pausesBeforeSwitchover);
        try (ControlServer server =
                ControlOptions.open(spec, "--qmp", qmp, typed, cancellation, progress, SourceListener.Observer.NONE)) {
            return server.once(
                    AgentRole.SOURCE,
                    asked,
                    request,
                    () -> Agents.source(request, () -> open(request), asked, progress));
        }
    }

    /** Runs the guest, and does what clients of QMP say. */
    private int runUntilQuit(String qmp, RequestBuilder typed) throws IOException {
        if (transfer.adopts()) {
            throw new ParameterException(
                    spec.commandLine(), "--adopt is part of one migration; add --connect unix:PATH");
        }
        if (!transfer.nameTheWay()) {
            typed.mechanism(Mechanism.STREAM).schedule(Schedule.PRECOPY); // as QEMU, unless a client says otherwise
        }
        MigrationRequest request = CheckedRequest.of(spec, typed.build());
        AgentConsole console = new AgentConsole(AgentRole.SOURCE, run, false);
        return console.runUntilQuit(spec, progress -> {
            HostChecks.beforeSource(request);
            ControlServer.Typed settings =
                    new ControlServer.Typed(request, transfer.nameTheWay(), pausesBeforeSwitchover);
            try (ControlServer server =
                    ControlOptions.open(spec, "--qmp", qmp, settings, cancellation, progress, console.observer())) {
                VirtualMachine machine =
                        SourceAgent.start(request, new MigrationControl(cancellation), progress, NanoClock.SYSTEM);
                console.say("the guest runs; waiting for commands at unix:" + qmp);
                return server.run(machine, request.verify());
            }
        });
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
