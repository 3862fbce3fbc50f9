package io.pageflip.migration;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestRules;
import io.pageflip.scenario.ScriptedFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    private final List<String> agentCommand;
    private final Cancellation cancellation;
    private final Progress progress;

    /**
     * A ping-pong that has not begun.
     *
     * @param request of every migration; {@link RequestRules#checkPingPong} must not refuse it
     * @param migrations how many times the guest changes hands
     * @param agentCommand starts a process that calls {@link SupervisedAgent#run}, with the arguments that follow the
     *     command
     * @param progress of the agent that made the guest
     */
    public PingPong(
            MigrationRequest request,
            int migrations,
            List<String> agentCommand,
            Cancellation cancellation,
            Progress progress) {
        this.request = request;
        this.agentCommand = List.copyOf(agentCommand);
        this.migrations = migrations;
        this.cancellation = cancellation;
        this.progress = progress;
    }

    /**
     * Runs all migrations; leaves no process and no socket behind.
     *
     * @return the result of each migration, in order; the last may be one that failed
     * @throws IOException if an agent could not be started
     */
    public List<RunResult> run() throws IOException, InterruptedException {
        Path socket = Migration.socketPath();
        progress.begin(Progress.Phase.STARTING, 0);
        try (AgentProcess second =
                start(AgentTask.Kind.SECOND_PEER, socket, request.destinationFault(), new Progress())) {
            second.awaitListening();
            RunResult early = second.result();
            if (early != null) {
                return List.of(early);
            }
            if (second.awaitEnd(0)) {
                if (cancellation.isRequested()) {
                    return List.of(Migration.cancelledEarly());
                }
                throw new IOException("no second agent: " + second.ending());
            }
            try (AgentProcess first = start(AgentTask.Kind.FIRST_PEER, socket, request.sourceFault(), progress)) {
                awaitBoth(first, second, socket);
                return merge(first, second);
            }
        }
    }

    /** @param fault that the process causes in itself, whatever its role is when it comes to the step */
    private AgentProcess start(AgentTask.Kind kind, Path socket, ScriptedFault fault, Progress shown)
            throws IOException {
        AgentTask task = new AgentTask(kind, socket.toString(), migrations);
        MigrationRequest own = request.withFaults(new MigrationRequest.Faults(fault, fault));
        return new AgentProcess(kind == AgentTask.Kind.FIRST_PEER ? "first" : "second", agentCommand, task, own, shown);
    }

    private void awaitBoth(AgentProcess first, AgentProcess second, Path socket) throws InterruptedException {
        boolean asked = false;
        boolean firstEnded = false;
        boolean secondEnded = false;
        while (!firstEnded || !secondEnded) {
            firstEnded = firstEnded || first.awaitEnd(SLICE_MS);
            secondEnded = secondEnded || second.awaitEnd(SLICE_MS);
            // If one agent has ended and the other still listens, that one waits in vain: end it. If it is connected,
            // it decides by itself.
            boolean inVain = (firstEnded || secondEnded) && Files.exists(socket);
            if ((cancellation.isRequested() || inVain) && !asked) {
                asked = true;
                first.cancel();
                second.cancel();
            }
        }
    }

    private List<RunResult> merge(AgentProcess first, AgentProcess second) {
        if (cancellation.isRequested() && first.results() <= 1 && Migration.neverHadAGuest(first)) {
            return List.of(Migration.cancelledEarly());
        }
        List<RunResult> merged = new ArrayList<>();
        for (int i = 0; i < migrations; i++) {
            boolean there = i % 2 == 0;
            AgentProcess source = there ? first : second;
            AgentProcess destination = there ? second : first;
            RunResult ours = source.result(i);
            RunResult theirs = destination.result(i);
            if (ours == null && theirs == null && endedWell(merged)) {
                break; // cancelled between two migrations
            }
            RunResult result = Migration.merge(source, ours, destination, theirs, i > 0 || source.hadGuest());
            merged.add(result);
            if (result.status() != MigrationStatus.COMPLETED) {
                break;
            }
        }
        return merged;
    }

    private static boolean endedWell(List<RunResult> merged) {
        @Nullable RunResult last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
        return last != null
                && last.verification() != null
                && last.verification().status() != VerificationResult.Status.SKIPPED;
    }
}
