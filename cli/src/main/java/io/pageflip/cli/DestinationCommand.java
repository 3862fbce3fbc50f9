package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.destination.ConnectedSource;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.DestinationOptions;
import io.pageflip.destination.PipedSource;
import io.pageflip.destination.SourceLink;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentEvent;
import io.pageflip.os.Errno;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
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
    private static final int ACCEPT_SLICE_MS = 100;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--listen",
            paramLabel = "unix:PATH",
            converter = Values.Address.class,
            description =
                    "The socket to wait on for a source; must not exist yet. Without it, standard input must be a pipe.")
    private @Nullable String listen;

    @Option(
            names = "--no-move",
            description = "Do not ask for pages to be moved: every page is copied, with the reason move-not-requested.")
    private boolean noMove;

    @Mixin
    private PostcopyOptions late;

    @Mixin
    private RunOptions run;

    DestinationCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException {
        DestinationOptions options = new DestinationOptions(
                late.options(), !noMove, run.verify(), run.runAfterNs(), run.fault(), run.warmUp());
        AgentConsole console = new AgentConsole("destination", run, false, cancellation);
        return console.run(spec, progress -> {
            progress.begin(Progress.Phase.CONNECTING, 0);
            try (SourceLink link = listen == null ? readPipe() : accept(spec, listen, console, cancellation)) {
                console.sourceHasGuest();
                return migrate(options, link, progress);
            }
        });
    }

    private RunResult migrate(DestinationOptions options, SourceLink link, Progress progress) throws IOException {
        boolean kernelMoves = HostChecks.beforeDestination(link.hello());
        return new DestinationAgent(options, link, kernelMoves, cancellation, progress, NanoClock.SYSTEM).run();
    }

    /** Waits for a source. Whoever is none is told so, and the next one is waited for. */
    static SourceLink accept(CommandSpec spec, String path, AgentConsole console, Cancellation cancellation)
            throws IOException {
        try (UnixSocket listener = listen(spec, path)) {
            try {
                console.say(AgentEvent.listening(), "waiting for a source at unix:" + path);
                while (true) {
                    cancellation.check();
                    UnixSocket socket = listener.accept(ACCEPT_SLICE_MS);
                    if (socket != null) {
                        try {
                            return ConnectedSource.accept(socket, path, NanoClock.SYSTEM, cancellation);
                        } catch (CancelledException e) {
                            throw e;
                        } catch (IOException e) {
                            console.warn("ignored: " + e.getMessage());
                        }
                    }
                }
            } finally {
                UnixSocket.unlink(path);
            }
        }
    }

    private static UnixSocket listen(CommandSpec spec, String path) throws IOException {
        try {
            return UnixSocket.listen(path);
        } catch (SyscallException e) {
            String cause = switch (e.errno()) {
                case Errno.EADDRINUSE ->
                    "it exists already; remove it if no destination listens there, or name another path";
                case Errno.ENOENT, Errno.ENOTDIR -> "its folder does not exist";
                case Errno.EACCES, Errno.EPERM -> "this user may not write to its folder";
                case Errno.ENAMETOOLONG -> "a socket's path has at most 107 bytes";
                default -> Errno.name(e.errno());
            };
            throw new ParameterException(spec.commandLine(), "--listen unix:" + path + ": " + cause);
        }
    }

    private SourceLink readPipe() throws IOException {
        return PipedSource.over(
                AgentConsole.takeStandardPipe(spec, 0, "standard input", "--listen unix:PATH"),
                NanoClock.SYSTEM,
                cancellation);
    }
}
