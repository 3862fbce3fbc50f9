package io.pageflip.cli;

import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.control.ControlServer;
import io.pageflip.destination.SourceListener;
import io.pageflip.log.LogOutput;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentController;
import io.pageflip.migration.AgentLauncher;
import io.pageflip.migration.AgentRole;
import io.pageflip.migration.SupervisedAgent;
import io.pageflip.os.JavaProcess;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pageflip agent}: one of the two processes that {@code migrate} and {@code compare} start. Not for users. */
@Command(
        name = AgentCommand.NAME,
        hidden = true,
        description = "Runs an agent for the process that started it, which writes the request to standard input.")
final class AgentCommand implements Callable<Integer> {
    /** The name of the command. */
    static final String NAME = "agent";

    private final Cancellation cancellation;

    @Mixin
    private LogOptions log;

    @Mixin
    private ControlOptions control;

    @Option(names = SourceCommand.PAUSE, description = "Wait before the switchover.")
    private boolean pausesBeforeSwitchover;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", description = "What the agent is; see package migration.")
    private List<String> arguments = List.of();

    AgentCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    /**
     * Starts JVMs like this one that run this command.
     *
     * @param logArguments of {@link LogOptions#arguments}
     */
    static AgentLauncher launcher(List<String> logArguments) {
        return launcher(logArguments, new QmpSockets());
    }

    /** As above, for agents that others may control. */
    static AgentLauncher launcher(List<String> logArguments, QmpSockets sockets) {
        return (role, accountsBytes) -> {
            List<String> command = JavaProcess.command(Main.class.getName(), accountsBytes);
            command.add(NAME);
            command.addAll(logArguments);
            command.addAll(sockets.arguments(role));
            return command;
        };
    }

    @Override
    public Integer call() throws IOException {
        LogOutput output = log.open(spec);
        try (output) {
            return ExitCodes.of(SupervisedAgent.run(
                    arguments,
                    System.in,
                    System.out,
                    cancellation,
                    control.path() == null ? AgentController.NONE : this::runControlled));
        }
    }

    private RunResult runControlled(
            AgentRole role, MigrationRequest request, Cancellation agents, Progress progress, AgentController.Work work)
            throws IOException {
        MigrationControl asked = new MigrationControl(agents, pausesBeforeSwitchover);
        ControlServer.Typed typed = new ControlServer.Typed(request, true, pausesBeforeSwitchover);
        String path = String.valueOf(control.path());
        try (ControlServer server =
                new ControlServer(path, typed, Main.Version.number(), agents, progress, SourceListener.Observer.NONE)) {
            return server.once(role, asked, request, () -> work.run(asked));
        }
    }
}
