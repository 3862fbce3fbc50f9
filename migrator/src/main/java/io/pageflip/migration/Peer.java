package io.pageflip.migration;

import io.pageflip.agent.HostChecks;
import io.pageflip.agent.LastCheck;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.SourceListener;
import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Errno;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.request.MigrationRequest;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.DestinationLink;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One of the two agents of a {@link PingPong}: alternately source and destination. The destination of each migration
 * listens at the socket, and the source waits until it does. Used by one thread.
 */
final class Peer {
    private static final long CONNECT_TIMEOUT_NS = 15_000_000_000L;
    private static final long CONNECT_RETRY_NS = 1_000_000;

    private final AgentTask task;
    private final MigrationRequest request;
    private final SourceListener.Observer observer;
    private final AgentOutcome outcome;
    private final Consumer<RunResult> done;
    private final MigrationControl control;
    private final Cancellation cancellation;
    private final Progress progress;
    private @Nullable VirtualMachine machine;

    /**
     * A peer without a guest.
     *
     * @param done gets the result of each migration that another one follows
     */
    Peer(
            AgentTask task,
            MigrationRequest request,
            SourceListener.Observer observer,
            AgentOutcome outcome,
            Consumer<RunResult> done,
            Cancellation cancellation,
            Progress progress) {
        this.task = task;
        this.request = request;
        this.observer = observer;
        this.outcome = outcome;
        this.done = done;
        this.control = new MigrationControl(cancellation);
        this.cancellation = cancellation;
        this.progress = progress;
    }

    /**
     * Runs the migrations, one after the other, until the last one, or one that failed.
     *
     * @return the result of the last one
     */
    RunResult run() throws IOException {
        boolean gives = task.firstRole() == AgentRole.SOURCE;
        try {
            for (int i = 1; ; i++) {
                RunResult result = gives ? give() : take(i == task.migrations());
                boolean last = i == task.migrations() || (!gives && machine == null);
                if (last || result.status() != MigrationStatus.COMPLETED || cancellation.isRequested()) {
                    return result;
                }
                gives = !gives;
                done.accept(result);
                outcome.becomes(gives ? AgentRole.SOURCE : AgentRole.DESTINATION);
            }
        } finally {
            if (machine != null) {
                machine.close();
            }
        }
    }

    private RunResult give() throws IOException {
        VirtualMachine given = machine;
        machine = null;
        if (given == null) {
            return Agents.source(request, this::connect, control, progress);
        }
        outcome.sourceHasGuest();
        DestinationLink link;
        boolean kernelMoves;
        try {
            kernelMoves = HostChecks.movesGifts(request); // no other check of this host: the guest exists
            link = connect();
        } catch (IOException e) {
            try (given) {
                return keep(given.guest(), e);
            }
        }
        try (link) {
            return Agents.source(request, link, kernelMoves, control, progress).run(given);
        }
    }

    /** The other agent does not come: stops the guest here, and verifies it. */
    private RunResult keep(Guest kept, IOException reason) throws IOException {
        kept.stop();
        kept.checkVcpus();
        return RunResult.ended(
                cancellation.isRequested() ? MigrationStatus.CANCELLED : MigrationStatus.FAILED,
                Owner.SOURCE,
                request.verify() ? LastCheck.of(kept, cancellation, NanoClock.SYSTEM) : VerificationResult.SKIPPED,
                Failure.of(Failure.Kind.MIGRATION_FAILED, reason));
    }

    /** Connects to the other agent, which may first have to end its part of the last migration. */
    private DestinationLink connect() throws IOException {
        long deadlineNs = NanoClock.SYSTEM.nanoTime() + CONNECT_TIMEOUT_NS;
        while (true) {
            cancellation.check();
            try {
                return ConnectedDestination.connect(task.socket(), request.channel(), NanoClock.SYSTEM, cancellation);
            } catch (SyscallException e) {
                boolean early = e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED;
                if (!early || NanoClock.SYSTEM.nanoTime() > deadlineNs) {
                    throw e;
                }
                LockSupport.parkNanos(CONNECT_RETRY_NS);
            }
        }
    }

    private RunResult take(boolean last) throws IOException {
        DestinationAgent.Taken taken = Agents.take(
                request,
                () -> Agents.listen(task.socket(), observer, cancellation),
                () -> last || cancellation.isRequested(),
                outcome,
                control,
                progress);
        machine = taken.machine();
        return taken.result();
    }
}
