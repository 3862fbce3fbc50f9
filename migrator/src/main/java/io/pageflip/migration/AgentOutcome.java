package io.pageflip.migration;

import io.pageflip.agent.FailureText;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.log.EventLog;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostLacksException;
import io.pageflip.request.RefusedException;
import java.io.IOException;

/**
 * The outcome of an agent's work, even if an exception ends it: the agent that had the guest then still has it. Used by
 * the agent's thread.
 */
public final class AgentOutcome {
    private volatile AgentRole role;
    private Owner owner = Owner.NOBODY_YET;

    /** The outcome of an agent that knows of no guest yet. */
    public AgentOutcome(AgentRole role) {
        this.role = role;
    }

    /** An agent's work. */
    @FunctionalInterface
    public interface Work {
        RunResult run() throws IOException;
    }

    /** The agent's role now. Any thread may call it. */
    public AgentRole role() {
        return role;
    }

    /** Changes the agent's role. */
    void becomes(AgentRole next) {
        role = next;
    }

    /** Says that there is a guest now: if an exception ends this agent's work, the source has the guest. */
    public void sourceHasGuest() {
        owner = Owner.SOURCE;
    }

    /** From now on, logs each phase of {@code progress}, if the log is on. */
    public void logPhases(Progress progress) {
        if (EventLog.of(role.toString()).isOn()) {
            progress.addListener(
                    (phase, pages) -> EventLog.of(role.toString()).event("phase", new PhaseText(phase, pages)));
        }
    }

    /** A phase as the log shows it. */
    private record PhaseText(Progress.Phase phase, long pages) {
        @Override
        public String toString() {
            return pages == 0 ? phase.toString() : phase + ", " + pages + " pages";
        }
    }

    /**
     * Does the work. An {@link IOException} becomes the result of an agent that never owned a guest, or never let it
     * run.
     */
    public RunResult of(Work work) {
        try {
            return work.run();
        } catch (RefusedException e) {
            return failed(MigrationStatus.FAILED, Failure.Kind.USAGE, e);
        } catch (CancelledException | java.util.concurrent.CancellationException e) {
            return failed(MigrationStatus.CANCELLED, Failure.Kind.CANCELLED, e);
        } catch (IOException e) {
            return failed(MigrationStatus.FAILED, kind(e), e);
        } catch (RuntimeException | Error e) {
            return failed(MigrationStatus.FAILED, kind(e), new IOException(FailureText.of(e), e));
        }
    }

    private static Failure.Kind kind(Throwable failure) {
        return HostLacksException.isMeantBy(failure) ? Failure.Kind.HOST_LACKS : Failure.Kind.MIGRATION_FAILED;
    }

    private RunResult failed(MigrationStatus status, Failure.Kind kind, Exception e) {
        // A destination that lost its source cannot know what became of the guest there.
        boolean alone = role == AgentRole.DESTINATION && e instanceof PeerGoneException;
        return RunResult.ended(status, alone ? Owner.UNKNOWN : owner, null, Failure.of(kind, e));
    }
}
