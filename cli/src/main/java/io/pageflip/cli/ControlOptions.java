package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.control.ControlServer;
import io.pageflip.destination.SourceListener;
import io.pageflip.metrics.Progress;
import io.pageflip.request.RefusedException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The option of an agent that others control over QMP. */
final class ControlOptions {
    @Option(
            names = "--qmp",
            paramLabel = "unix:PATH",
            converter = Values.Address.class,
            description = "Be a QMP server at this socket, for 'pageflip ctl', qmp-shell and other clients of QEMU's. "
                    + "An agent that was told of no peer (--connect, --listen) waits there for commands, until 'quit'.")
    private @Nullable String path;

    /** The path of the socket; null without the option. */
    @Nullable
    String path() {
        return path;
    }

    /** Makes the server's socket. */
    static ControlServer open(
            CommandSpec spec,
            String option,
            String path,
            ControlServer.Typed typed,
            Cancellation cancellation,
            Progress progress,
            SourceListener.Observer observer)
            throws IOException {
        try {
            return new ControlServer(path, typed, Main.Version.number(), cancellation, progress, observer);
        } catch (RefusedException e) {
            throw new ParameterException(spec.commandLine(), option + " unix:" + e.getMessage(), e);
        }
    }
}
