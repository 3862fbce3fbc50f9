package io.pageflip.cli;

import io.pageflip.channel.SocketFile;
import io.pageflip.migration.AgentRole;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of {@code migrate} with which others watch and control its two agents. */
final class QmpSockets {
    @Option(
            names = "--qmp-source",
            paramLabel = "PATH",
            description = "Have the source be a QMP server at this socket, as long as it migrates.")
    private @Nullable String source;

    @Option(
            names = "--qmp-destination",
            paramLabel = "PATH",
            description = "Have the destination be a QMP server at this socket, as long as it migrates.")
    private @Nullable String destination;

    @Option(
            names = SourceCommand.PAUSE,
            description = "Pause the guest before the switchover, and wait for 'migrate-continue' (with --qmp-source).")
    private boolean pausesBeforeSwitchover;

    /** @throws ParameterException if the options do not go together */
    void check(CommandSpec spec, boolean pingPong) {
        if (pausesBeforeSwitchover && source == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    SourceCommand.PAUSE + " waits for 'migrate-continue'; add --qmp-source PATH, where that comes");
        }
        if (pingPong && (source != null || destination != null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--ping-pong has agents that change their roles, and --qmp-source and --qmp-destination name one "
                            + "each; leave out one or the other, or use 'pageflip source --qmp'");
        }
        if (source != null && source.equals(destination)) {
            throw new ParameterException(
                    spec.commandLine(), "--qmp-source and --qmp-destination both name " + source + "; name two paths");
        }
    }

    /** Removes the sockets of agents that were killed. */
    void removeStale() {
        for (String path : new String[] {source, destination}) {
            if (path != null) {
                SocketFile.removeIfStale(Values.Address.path(path));
            }
        }
    }

    /** Arguments of the agent command for one of the agents. */
    List<String> arguments(AgentRole role) {
        String path = role == AgentRole.SOURCE ? source : destination;
        List<String> arguments = new ArrayList<>();
        if (path != null) {
            arguments.add("--qmp=unix:" + Values.Address.path(path));
        }
        if (pausesBeforeSwitchover && role == AgentRole.SOURCE) {
            arguments.add(SourceCommand.PAUSE);
        }
        return arguments;
    }
}
