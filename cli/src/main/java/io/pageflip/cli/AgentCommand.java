package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.log.LogOutput;
import io.pageflip.migration.AgentLauncher;
import io.pageflip.migration.SupervisedAgent;
import io.pageflip.os.JavaProcess;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
        return accountsBytes -> {
            List<String> command = JavaProcess.command(Main.class.getName(), accountsBytes);
            command.add(NAME);
            command.addAll(logArguments);
            return command;
        };
    }

    @Override
    public Integer call() throws IOException {
        LogOutput output = log.open(spec);
        try (output) {
            return ExitCodes.of(SupervisedAgent.run(arguments, System.in, System.out, cancellation));
        }
    }
}
