package io.pageflip.migration;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.NanoClock;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestRules;
import io.pageflip.scenario.ScriptedFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One guest, passed to and fro between two agent processes that stay: each is alternately source and destination, so
 * that all migrations but the first are between warm JVMs. Every migration is a complete one, with a connection of its
 * own. Used by one thread.
 */
public final class PingPong {
    private static final long SLICE_MS = 50;

    private final MigrationRequest request;
    private final int migrations;
    private final AgentLauncher launcher;
    private final Cancellation cancellation;
    private final Progress progress;

    /**
     * A ping-pong that has not begun.
     *
     * @param request of every migration; {@link RequestRules#checkPingPong} must not refuse it
     * @param migrations how many times the guest changes hands
     * @param launcher starts the agents
     * @param progress of the agent that made the guest
     */
    public PingPong(
            MigrationRequest request,
            int migrations,
            AgentLauncher launcher,
            Cancellation cancellation,
            Progress progress) {
        this.request = request;
        this.launcher = launcher;
        this.migrations = migrations;
        this.cancellation = cancellation;
        this.progress = progress;
    }

    /**
     * Runs all migrations; leaves no process and no socket behind.
     *
     * @param done gets the result of each migration, in order, some time after its end; the last may be one that failed
     * @throws IOException if an agent could not be started
     */
    public void run(Consumer<RunResult> done) throws IOException, InterruptedException {
        Path socket = Migration.socketPath();
        try {
            run(socket, done);
        } finally {
            Files.deleteIfExists(socket); // an agent that died while it listened has left it
        }
    }

    private void run(Path socket, Consumer<RunResult> done) throws IOException, InterruptedException {
        progress.begin(Progress.Phase.STARTING, 0);
        try (AgentProcess second =
                        start(AgentTask.Kind.SECOND_PEER, socket, request.destinationFault(), new Progress());
                AgentProcess first = start(AgentTask.Kind.FIRST_PEER, socket, request.sourceFault(), progress)) {
            second.begin();
            boolean listens = second.awaitListening();
            RunResult early = second.result();
            if (early != null) {
                done.accept(early);
                return;
            }
            if (!listens) {
                if (cancellation.isRequested()) {
                    done.accept(Migration.cancelledEarly());
                    return;
                }
                throw new IOException("no second agent: " + second.ending());
            }
            first.begin();
            new Passing(first, second, done).run(socket);
        }
    }

    /** @param fault that the process causes in itself, whatever its role is when it comes to the step */
    private AgentProcess start(AgentTask.Kind kind, Path socket, ScriptedFault fault, Progress shown)
            throws IOException {
        AgentTask task = new AgentTask(kind, socket.toString(), migrations);
        MigrationRequest own = request.withFaults(new MigrationRequest.Faults(fault, fault));
        return new AgentProcess(kind == AgentTask.Kind.FIRST_PEER ? "first" : "second", launcher, task, own, shown);
    }

    /** The two agents while they pass the guest to and fro. */
    private final class Passing {
        private final AgentProcess first;
        private final AgentProcess second;
        private final Consumer<RunResult> done;
        private int merged;
        private @Nullable RunResult last;

        Passing(AgentProcess first, AgentProcess second, Consumer<RunResult> done) {
            this.first = first;
            this.second = second;
            this.done = done;
        }

        void run(Path socket) throws InterruptedException {
            AgentsEnd end = new AgentsEnd(first, second, request.guest(), NanoClock.SYSTEM);
            boolean endRequired = false;
            boolean firstEnded = false;
            boolean secondEnded = false;
            while (!firstEnded || !secondEnded) {
                firstEnded = firstEnded || first.awaitEnd(SLICE_MS);
                secondEnded = secondEnded || second.awaitEnd(SLICE_MS);
                // If one agent has ended and the other still listens, that one waits in vain: end it. If it is
                // connected, it decides by itself.
                boolean inVain = (firstEnded || secondEnded) && Files.exists(socket);
                endRequired = endRequired || inVain || cancellation.isRequested();
                if (endRequired) {
                    end.require();
                }
                mergeWhatIsThere();
            }
            mergeTheRest();
        }

        /** Merges the results of migrations that both agents have reported, so that none piles up. */
        private void mergeWhatIsThere() {
            while (merged < migrations && first.result(merged) != null && second.result(merged) != null) {
                if (!mergeNext()) {
                    merged = migrations;
                }
            }
        }

        private void mergeTheRest() {
            if (merged == 0 && cancellation.isRequested() && first.results() <= 1 && Migration.neverHadAGuest(first)) {
                done.accept(Migration.cancelledEarly());
                return;
            }
            while (merged < migrations) {
                boolean cancelledBetween =
                        first.result(merged) == null && second.result(merged) == null && endedWell(last);
                if (cancelledBetween || !mergeNext()) {
                    return;
                }
            }
        }

        /** Returns whether another migration may follow. */
        private boolean mergeNext() {
            boolean there = merged % 2 == 0;
            AgentProcess source = there ? first : second;
            AgentProcess destination = there ? second : first;
            RunResult result = Migration.merge(
                    source,
                    source.result(merged),
                    destination,
                    destination.result(merged),
                    merged > 0 || source.hadGuest());
            first.forget(merged);
            second.forget(merged);
            merged++;
            last = result;
            done.accept(result);
            return result.status() == MigrationStatus.COMPLETED;
        }
    }

    private static boolean endedWell(@Nullable RunResult last) {
        return last != null
                && last.verification() != null
                && last.verification().status() != VerificationResult.Status.SKIPPED;
    }
}
