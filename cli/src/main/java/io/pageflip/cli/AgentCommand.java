package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.migration.SupervisedAgent;
import io.pageflip.os.JavaProcess;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code pageflip agent}: one of the two processes that {@code migrate} and {@code compare} start; for nobody else. */
@Command(
        name = "agent",
        hidden = true,
        description = "Runs an agent for whoever started it: reads the request from standard input.")
final class AgentCommand implements Callable<Integer> {
    private static final String NAME = "agent";

    private final Cancellation cancellation;

    @Parameters(arity = "0..*", description = "What the agent is; see package migration.")
    private List<String> arguments = List.of();

    AgentCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    /** Whether these are arguments of {@code pageflip} that name this command. */
    static boolean isMeant(String[] arguments) {
        return arguments.length > 0 && arguments[0].equals(NAME);
    }

    /** Starts a JVM like this one with this command; arguments follow. */
    static List<String> jvm() {
        List<String> command = JavaProcess.command(Main.class.getName());
        command.add(NAME);
        return command;
    }

    @Override
    public Integer call() {
        return ExitCodes.of(SupervisedAgent.run(arguments, System.in, System.out, cancellation));
    }
}
