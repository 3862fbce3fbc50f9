package io.pageflip.migration;

import io.pageflip.agent.HostChecks;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.SourceLink;
import io.pageflip.destination.SourceListener;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.Errno;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestRules;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.SourceAgent;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Runs one agent in this process: checks the host, opens the connection to the other agent, migrates. The calling
 * thread is the agent's.
 */
public final class Agents {
    private Agents() {}

    /** Opens a connection, which the caller then owns. */
    @FunctionalInterface
    public interface Opener<T> {
        T open() throws IOException;
    }

    /**
     * Makes the guest, gives it away, and releases everything.
     *
     * @throws RefusedException if the request makes no sense
     * @throws IOException if there never was a guest
     */
    public static RunResult source(
            MigrationRequest request, Opener<DestinationLink> destination, MigrationControl control, Progress progress)
            throws IOException {
        RequestRules.require(request);
        boolean kernelMoves = HostChecks.beforeSource(request);
        progress.begin(Progress.Phase.CONNECTING, 0);
        try (DestinationLink link = destination.open()) {
            return source(request, link, kernelMoves, control, progress).run();
        }
    }

    /**
     * Gives away a guest that runs. If that fails, it runs on here.
     *
     * @param kernelMoves whether this kernel moves gifted pages
     * @param machine taken over
     */
    public static SourceAgent.Given give(
            MigrationRequest request,
            DestinationLink link,
            boolean kernelMoves,
            MigrationControl control,
            Progress progress,
            VirtualMachine machine)
            throws IOException {
        return source(request, link, kernelMoves, control, progress).give(machine);
    }

    static SourceAgent source(
            MigrationRequest request,
            DestinationLink link,
            boolean kernelMoves,
            MigrationControl control,
            Progress progress)
            throws RefusedException {
        return new SourceAgent(request, link, kernelMoves, control, progress, NanoClock.SYSTEM);
    }

    /**
     * Takes the guest over, lets it run, verifies it, and ends it.
     *
     * @param outcome is told when the source has greeted us
     * @throws RefusedException if the parts of the request that count for a destination make no sense
     * @throws IOException if the guest never became ours
     */
    public static RunResult destination(
            MigrationRequest request,
            Opener<SourceLink> source,
            AgentOutcome outcome,
            MigrationControl control,
            Progress progress)
            throws IOException {
        return take(request, source, () -> true, outcome, control, progress).result();
    }

    /**
     * Takes the guest over.
     *
     * @param ends asked when the guest has run for a while: whether it is verified and ended; otherwise it runs on, and
     *     the caller owns it
     */
    public static DestinationAgent.Taken take(
            MigrationRequest request,
            Opener<SourceLink> source,
            BooleanSupplier ends,
            AgentOutcome outcome,
            MigrationControl control,
            Progress progress)
            throws IOException {
        RequestRules.requireDestination(request);
        progress.begin(Progress.Phase.CONNECTING, 0);
        try (SourceLink link = source.open()) {
            outcome.sourceHasGuest();
            boolean kernelMoves = checkHost(link);
            DestinationAgent agent =
                    new DestinationAgent(request, link, kernelMoves, control, progress, NanoClock.SYSTEM);
            return agent.take(ends);
        }
    }

    /** Checks this host, and tells the source what it lacks. */
    private static boolean checkHost(SourceLink link) throws IOException {
        try {
            return HostChecks.beforeDestination(link.hello());
        } catch (HostLacksException e) {
            try {
                link.send(new Message.Failed(String.valueOf(e.getMessage())));
            } catch (IOException unheard) {
                e.addSuppressed(unheard);
            }
            throw e;
        }
    }

    /**
     * Connects to a destination that listens at {@code path}.
     *
     * @throws RefusedException if no destination listens there
     */
    public static DestinationLink connect(String path, ChannelKind channel, Cancellation cancellation)
            throws IOException {
        try {
            return ConnectedDestination.connect(path, channel, NanoClock.SYSTEM, cancellation);
        } catch (SyscallException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED || e.errno() == Errno.ENAMETOOLONG) {
                throw new RefusedException("--connect unix:" + path + ": " + whyNot(path, e.errno()), e);
            }
            throw e;
        }
    }

    /** Listens at a path that no user has named. */
    static SourceLink listen(String path, SourceListener.Observer observer, Cancellation cancellation)
            throws IOException {
        try {
            return SourceListener.accept(path, observer, NanoClock.SYSTEM, cancellation);
        } catch (RefusedException e) {
            throw new IOException("no socket can be made at " + e.getMessage(), e);
        }
    }

    private static String whyNot(String path, int errno) {
        if (Files.isDirectory(Path.of(path))) {
            return "it is a folder, not the socket of a destination";
        }
        if (Files.isRegularFile(Path.of(path))) {
            return "it is a plain file, not the socket of a destination";
        }
        return "nobody listens there (" + Errno.name(errno) + "); start 'pageflip destination --listen unix:" + path
                + "' first";
    }
}
