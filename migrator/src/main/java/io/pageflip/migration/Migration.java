package io.pageflip.migration;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.TemporaryFolders;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** One migration between two agent processes, which it starts and outlives. Used by one thread. */
public final class Migration {
    private static final long SLICE_MS = 50;
    private static final long NS_PER_S = 1_000_000_000;

    /** How long a destination may take to end once it was asked to, and the source has ended with its guest. */
    private static final long VAIN_NS = NS_PER_S;

    private final MigrationRequest request;
    private final AgentLauncher launcher;
    private final Cancellation cancellation;
    private final Progress progress;
    private final List<Integer> processes = new CopyOnWriteArrayList<>();

    /**
     * A migration to be run, once or several times.
     *
     * @param launcher starts the agents
     * @param progress of the source until the guest has changed hands, then of the destination
     */
    public Migration(MigrationRequest request, AgentLauncher launcher, Cancellation cancellation, Progress progress) {
        this.request = request;
        this.launcher = launcher;
        this.cancellation = cancellation;
        this.progress = progress;
    }

    /**
     * Runs the migration; leaves no process and no socket behind.
     *
     * @throws IOException if an agent could not be started
     */
    public RunResult run() throws IOException, InterruptedException {
        Path socket = socketPath();
        try {
            return run(socket);
        } finally {
            Files.deleteIfExists(socket); // a destination that died while it listened has left it
        }
    }

    /** The numbers of the agents that were started until now. Any thread may ask. */
    public List<Integer> processes() {
        return processes;
    }

    private RunResult run(Path socket) throws IOException, InterruptedException {
        progress.begin(Progress.Phase.STARTING, 0);
        // Both JVMs start at the same time. The source is asked for nothing before the destination listens.
        try (AgentProcess destination = start(AgentTask.Kind.DESTINATION, socket, new Progress());
                AgentProcess source = start(AgentTask.Kind.SOURCE, socket, progress)) {
            destination.begin();
            boolean listens = destination.awaitListening();
            RunResult early = destination.result();
            if (early != null) {
                return early;
            }
            if (!listens) {
                if (cancellation.isRequested()) {
                    return cancelledEarly();
                }
                throw new IOException("no destination: " + destination.ending());
            }
            source.begin();
            awaitBoth(source, destination, socket);
            return cancellation.isRequested() && neverHadAGuest(source)
                    ? cancelledEarly()
                    : merge(source, source.result(), destination, destination.result(), source.hadGuest());
        }
    }

    /**
     * A random path, so that no other process can take it first: the destination refuses a path that exists. It is in
     * the first folder for temporary files in which this process can make one.
     *
     * @throws HostLacksException if there is no such folder
     */
    static Path socketPath() throws HostLacksException {
        String name = "pageflip-" + Long.toUnsignedString(new SecureRandom().nextLong(), 36) + ".sock";
        return TemporaryFolders.makeInFirst("socket", folder -> {
            Path path = folder.resolve(name);
            Files.delete(Files.createFile(path));
            return path;
        });
    }

    private AgentProcess start(AgentTask.Kind kind, Path socket, Progress shown) throws IOException {
        AgentTask task = new AgentTask(kind, socket.toString(), 1);
        AgentProcess agent = new AgentProcess(kind.toString(), launcher, task, request, shown);
        processes.add(agent.pid());
        return agent;
    }

    private void awaitBoth(AgentProcess source, AgentProcess destination, Path socket) throws InterruptedException {
        AgentsEnd end = new AgentsEnd(source, destination, request.guest(), NanoClock.SYSTEM);
        boolean endRequired = false;
        long sourceEndedNs = 0;
        while (sourceEndedNs == 0 || !destination.awaitEnd(SLICE_MS)) {
            if (sourceEndedNs == 0 && source.awaitEnd(SLICE_MS)) {
                sourceEndedNs = NanoClock.SYSTEM.nanoTime();
            }
            boolean sourceEnded = sourceEndedNs != 0;
            // A destination removes its socket when a source has connected. If the source dies after that, the
            // destination decides by itself. If the source never came, or has kept the guest, the destination waits in
            // vain: end it.
            boolean inVain = sourceEnded && (source.keptGuest() || Files.exists(socket));
            endRequired = endRequired || inVain || cancellation.isRequested();
            if (endRequired) {
                end.require();
            }
            long sinceNs = Math.max(end.askedNs(), sourceEndedNs);
            if (inVain && NanoClock.SYSTEM.nanoTime() - sinceNs > VAIN_NS) {
                destination.kill();
            }
        }
    }

    static RunResult cancelledEarly() {
        return RunResult.ended(
                MigrationStatus.CANCELLED, Owner.NOBODY_YET, null, new Failure(Failure.Kind.CANCELLED, "interrupted"));
    }

    /**
     * Whether the source was cancelled so early that it did not find the destination any more, or could not handle the
     * signal, or say how it ended.
     */
    static boolean neverHadAGuest(AgentProcess source) {
        RunResult ours = source.result();
        return ours == null ? !source.hadGuest() : ours.owner() == Owner.NOBODY_YET;
    }

    /**
     * Merges the results of both agents. The source's is the fuller one; if the source died, the destination's tells
     * what became of the guest.
     *
     * @param guestRan whether there was a guest that could be lost
     */
    static RunResult merge(
            AgentProcess source,
            @Nullable RunResult ours,
            AgentProcess destination,
            @Nullable RunResult theirs,
            boolean guestRan) {
        if (theirs != null && theirs.status() == MigrationStatus.LOST) {
            return theirs; // the destination had the guest, and knows best why it was lost
        }
        if (theirs != null && theirs.status() == MigrationStatus.COMPLETED) {
            return ours != null && ours.measured() != null ? ours : theirs;
        }
        if (ours == null) {
            String sourceEnd = source.ending();
            String why = theirs == null || theirs.error() == null
                    ? destination.ending()
                    : theirs.error().message();
            return guestRan
                    ? RunResult.lost("the guest is lost: " + sourceEnd + "; " + why)
                    : RunResult.ended(
                            MigrationStatus.FAILED,
                            Owner.NOBODY_YET,
                            null,
                            new Failure(Failure.Kind.MIGRATION_FAILED, sourceEnd + "; " + why));
        }
        if (ours.status() == MigrationStatus.COMPLETED && destination.wasKilled()) {
            return RunResult.lost("the guest is lost: the destination had it, and did not end when it was asked to");
        }
        if (ours.status() != MigrationStatus.FAILED || ours.error() == null) {
            return ours;
        }
        if (theirs == null && destination.hasEnded()) {
            return ours.withError(
                    new Failure(ours.error().kind(), ours.error().message() + "; " + destination.ending()));
        }
        return theirs == null ? ours : explained(ours, theirs);
    }

    /** The source's failure, with what the destination knows of it and the source cannot. */
    static RunResult explained(RunResult ours, RunResult theirs) {
        Failure source = ours.error();
        Failure destination = theirs.error();
        if (source == null || destination == null) {
            return ours;
        }
        if (destination.kind() == Failure.Kind.HOST_LACKS) {
            return ours.withError(destination);
        }
        boolean known = source.message().contains(destination.message())
                || destination.message().contains(source.message());
        boolean lostSource = theirs.owner() == Owner.UNKNOWN;
        if (theirs.status() != MigrationStatus.FAILED || lostSource || known) {
            return ours;
        }
        return ours.withError(
                new Failure(source.kind(), source.message() + "; the destination failed: " + destination.message()));
    }
}
