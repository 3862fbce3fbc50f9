package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.pageflip.agent.MigrationControl;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentRole;
import io.pageflip.request.MigrationRequest;
import org.jspecify.annotations.Nullable;

/**
 * One migration as QMP shows it: QEMU's status, which follows from the agent's phases, and the result. The agent's
 * thread changes it, any thread may read it.
 */
final class MigrationRun {
    private static final String SETUP = "setup";
    private static final String ACTIVE = "active";
    private static final String DEVICE = "device";
    private static final String CANCELLING = "cancelling";

    /** Gets an event: when it happened, its name, its data. */
    @FunctionalInterface
    interface Events {
        void send(long ns, String name, JsonNode data);
    }

    private final AgentRole role;
    private final MigrationRequest request;
    private final MigrationControl control;
    private final long startNs;
    private String status = SETUP;
    private boolean announced;
    private boolean stopTold;
    private boolean deviceTold;
    private boolean resumeTold;
    private long readyNs;
    private long endNs;
    private @Nullable RunResult result;
    private @Nullable String error;

    MigrationRun(AgentRole role, MigrationRequest request, MigrationControl control, long startNs) {
        this.role = role;
        this.request = request;
        this.control = control;
        this.startNs = startNs;
    }

    AgentRole role() {
        return role;
    }

    MigrationRequest request() {
        return request;
    }

    MigrationControl control() {
        return control;
    }

    /** QEMU's {@code MigrationStatus}. */
    synchronized String status() {
        return status;
    }

    synchronized boolean hasEnded() {
        return endNs != 0;
    }

    /** Since the start, in nanoseconds; until the end, if it has ended. */
    synchronized long durationNs(long nowNs) {
        return (endNs == 0 ? nowNs : endNs) - startNs;
    }

    /** From the start until pages began to cross, in nanoseconds; 0 if they do not yet. */
    synchronized long setupNs() {
        return readyNs == 0 ? 0 : readyNs - startNs;
    }

    /** Its result; null as long as it runs, and if it failed without one. */
    synchronized @Nullable RunResult result() {
        return result;
    }

    /** Why it failed, or was cancelled; null if it was not. */
    synchronized @Nullable String error() {
        return error;
    }

    /** QEMU's name for what the guest, which has been started, does while this migration runs. */
    synchronized String runState() {
        if (role == AgentRole.DESTINATION) {
            return resumeTold ? "running" : "inmigrate";
        }
        return stopTold && !resumeTold ? "finish-migrate" : "running";
    }

    /** Whether the destination has the guest, as far as this agent knows: nobody can cancel any more. */
    private boolean hasChangedHands() {
        return role == AgentRole.SOURCE ? control.guestPausedNs() != 0 : resumeTold;
    }

    /** The agent goes to a phase. What happens around the downtime is told later, with the time when it happened. */
    synchronized void phaseBegins(Progress.Phase phase, long nowNs, Events events) {
        switch (phase) {
            case STARTING, FILLING, ADOPTING, CONNECTING -> change(SETUP, nowNs, events);
            case PREPARING -> change(role == AgentRole.SOURCE ? SETUP : ACTIVE, nowNs, events);
            case PAGES -> change(ACTIVE, nowNs, events);
            case SWITCHING -> {
                // The guest is paused in a moment: nothing is sent now.
            }
            case PRE_SWITCHOVER -> {
                change(ACTIVE, nowNs, events);
                tellStop(nowNs, events);
                change("pre-switchover", nowNs, events);
            }
            case POSTCOPY_ACTIVE, POSTCOPY_PAUSED, POSTCOPY_RECOVER -> {
                tellSwitchover(nowNs, events);
                change(phase.toString(), nowNs, events);
            }
            case RUNNING -> {
                if (role == AgentRole.DESTINATION) {
                    change(ACTIVE, nowNs, events);
                    tellResume(nowNs, events);
                } else if (hasChangedHands()) {
                    tellSwitchover(nowNs, events);
                } else {
                    tellResumeHere(nowNs, events);
                }
            }
            case VERIFYING -> {
                // The guest has run for a while; the status stays.
            }
        }
    }

    /**
     * Somebody has asked to cancel it: from now on it only ends. Once the guest has changed hands, that comes too late,
     * and nothing happens.
     */
    synchronized void cancel(String reason, long nowNs, Events events) {
        if (!hasEnded() && !hasChangedHands()) {
            control.cancellation().request(reason);
            change(CANCELLING, nowNs, events);
        }
    }

    synchronized void ended(RunResult value, long nowNs, Events events) {
        result = value;
        error = value.error() == null ? null : value.error().message();
        if (value.status() == MigrationStatus.COMPLETED) {
            tellSwitchover(nowNs, events);
        } else if (role == AgentRole.SOURCE && value.status() != MigrationStatus.LOST) {
            tellResumeHere(nowNs, events);
        }
        end(
                switch (value.status()) {
                    case COMPLETED -> "completed";
                    // As with QEMU, a destination whose source has cancelled has failed, whichever news came first.
                    case CANCELLED ->
                        role == AgentRole.SOURCE || control.cancellation().isRequested() ? "cancelled" : "failed";
                    default -> "failed";
                },
                nowNs,
                events);
    }

    synchronized void failed(String why, long nowNs, Events events) {
        error = why;
        end(control.cancellation().isRequested() ? "cancelled" : "failed", nowNs, events);
    }

    private void end(String last, long nowNs, Events events) {
        endNs = nowNs;
        change(last, nowNs, events);
    }

    private void tellSwitchover(long nowNs, Events events) {
        if (role == AgentRole.SOURCE && !deviceTold) {
            change(ACTIVE, nowNs, events);
            long pausedNs = control.guestPausedNs();
            tellStop(pausedNs == 0 ? nowNs : pausedNs, events);
            deviceTold = true;
            change(DEVICE, nowNs, events);
        }
    }

    private void tellStop(long ns, Events events) {
        if (!stopTold) {
            stopTold = true;
            events.send(ns, "STOP", MissingNode.getInstance());
        }
    }

    private void tellResume(long nowNs, Events events) {
        if (!resumeTold) {
            resumeTold = true;
            events.send(nowNs, "RESUME", MissingNode.getInstance());
        }
    }

    /** The guest goes on at the source; only a guest that was paused is news. */
    private void tellResumeHere(long nowNs, Events events) {
        if (stopTold) {
            tellResume(nowNs, events);
        }
    }

    /** Goes to a status, and tells it; never back to an earlier one, but from one of postcopy to another. */
    private void change(String next, long nowNs, Events events) {
        boolean back = (next.equals(SETUP) && announced) || (next.equals(ACTIVE) && !status.equals(SETUP));
        boolean onlyEnds = status.equals(CANCELLING) && endNs == 0;
        if (back || onlyEnds || (announced && next.equals(status))) {
            return;
        }
        announced = true;
        status = next;
        if (next.equals(ACTIVE)) {
            readyNs = nowNs;
        }
        events.send(nowNs, "MIGRATION", JsonNodeFactory.instance.objectNode().put("status", next));
    }
}
