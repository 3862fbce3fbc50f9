package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.pageflip.agent.FailureText;
import io.pageflip.agent.HostChecks;
import io.pageflip.agent.LastCheck;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.SourceLink;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.migration.AgentOutcome;
import io.pageflip.migration.AgentRole;
import io.pageflip.migration.Agents;
import io.pageflip.os.NanoClock;
import io.pageflip.qmp.QmpEvent;
import io.pageflip.qmp.QmpException;
import io.pageflip.request.MigrationRequest;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.SourceAgent;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An agent that others tell what to do. It has a guest or none; with one it can migrate it away, without one it can
 * take one in, again and again until it is told to quit. Or it migrates once, as its command line says, and others only
 * watch and cancel.
 *
 * <p>One thread, the agent's, calls {@link #run} or {@link #once}, and does everything that takes long. Any thread may
 * call the rest, none of which waits for it: commands leave a task for it, or set what it looks at.
 */
public final class ControlledAgent {
    private static final int SLICE_MS = 100;

    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
    private final Consumer<QmpEvent> events;

    // Guarded by this object's monitor.
    private @Nullable VirtualMachine machine;
    private @Nullable Task next;
    private @Nullable MigrationRun migration;
    private boolean paused;
    private boolean quits;
    private boolean ends;
    private boolean migratesOnce;

    /** A migration that is to be done; the agent's thread does it. */
    @FunctionalInterface
    interface Task {
        /** Returns its result, and leaves the guest in {@link #machine} if it is here afterwards. */
        RunResult run(MigrationRun run, AgentOutcome outcome) throws IOException;
    }

    /**
     * An agent without a guest.
     *
     * @param cancellation ends the agent
     * @param progress of the migration that runs
     * @param events gets what happens; called on the agent's thread, never in a guest's downtime; must not wait
     */
    public ControlledAgent(Cancellation cancellation, Progress progress, NanoClock clock, Consumer<QmpEvent> events) {
        this.cancellation = cancellation;
        this.progress = progress;
        this.clock = clock;
        this.events = events;
        progress.addListener(new Progress.Listener() {
            @Override
            public void begins(Progress.Phase phase, long pages) {
                phaseBegins(phase);
            }

            @Override
            public void roundEnded(PrecopyResult.Round round) {
                pass(round.round() + 1);
            }
        });
    }

    /**
     * What became of an agent.
     *
     * @param last result of the last migration, with the verification of a guest that is here; null if there was none
     * @param verification of a guest that was here in the end; null if there was none
     */
    public record Ending(@Nullable RunResult last, @Nullable VerificationResult verification) {}

    /** Does one migration, and lets others watch it. */
    public RunResult once(AgentRole role, MigrationControl control, MigrationRequest request, AgentOutcome.Work work)
            throws IOException {
        MigrationRun run = new MigrationRun(role, request, control, clock.nanoTime());
        synchronized (this) {
            migratesOnce = true;
            migration = run;
        }
        try {
            RunResult result = work.run();
            ended(run, result);
            return result;
        } catch (IOException | RuntimeException | Error e) {
            failed(run, e);
            throw e;
        } finally {
            tellShutdown();
        }
    }

    /** Tells why this agent ends, in QEMU's words. */
    private void tellShutdown() {
        String reason;
        synchronized (this) {
            reason = quits ? "host-qmp-quit" : cancellation.isRequested() ? "host-signal" : "none";
        }
        send(
                "SHUTDOWN",
                JsonNodeFactory.instance.objectNode().put("guest", false).put("reason", reason));
    }

    /**
     * Does what it is told, until it is told to quit, or cancelled.
     *
     * @param first the guest that runs here, taken over; null for none
     * @param verify whether a guest that is here in the end is verified
     */
    public Ending run(@Nullable VirtualMachine first, boolean verify) throws IOException {
        synchronized (this) {
            machine = first;
        }
        try {
            RunResult last = null;
            while (true) {
                Task task = awaitTask();
                if (task == null) {
                    return end(last, verify);
                }
                last = perform(task, last);
            }
        } finally {
            VirtualMachine left = takeMachine();
            if (left != null) {
                left.close();
            }
        }
    }

    private synchronized @Nullable Task awaitTask() {
        while (next == null && !quits && !cancellation.isRequested()) {
            try {
                wait(SLICE_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
        }
        return quits || cancellation.isRequested() ? null : next;
    }

    /** Returns the result, or {@code last} if nobody came to migrate with. */
    private @Nullable RunResult perform(Task task, @Nullable RunResult last) {
        MigrationRun run = requireRun();
        AgentOutcome outcome = new AgentOutcome(run.role());
        RunResult result = outcome.of(() -> task.run(run, outcome));
        synchronized (this) { // whoever hears of the end may begin another one at once
            next = null;
            ended(run, result);
        }
        boolean nobodyCame = result.status() == MigrationStatus.CANCELLED && result.owner() == Owner.NOBODY_YET;
        return nobodyCame ? last : result;
    }

    private Ending end(@Nullable RunResult last, boolean verify) throws IOException {
        tellShutdown();
        synchronized (this) {
            ends = true;
        }
        VirtualMachine here = takeMachine();
        if (here == null) {
            return new Ending(last, null);
        }
        try (here) {
            here.guest().stop();
            here.guest().checkVcpus();
            progress.begin(Progress.Phase.VERIFYING, 0);
            VerificationResult verification =
                    verify ? LastCheck.of(here.guest(), cancellation, clock) : VerificationResult.SKIPPED;
            RunResult result = last == null
                    ? null
                    : new RunResult(
                            last.status(), last.owner(), last.measured(), verification, last.source(), last.error());
            return new Ending(result, verification);
        }
    }

    private synchronized @Nullable VirtualMachine takeMachine() {
        VirtualMachine taken = machine;
        machine = null;
        return taken;
    }

    private synchronized void putMachine(@Nullable VirtualMachine value) {
        machine = value;
        paused = false;
    }

    private synchronized MigrationRun requireRun() {
        if (migration == null) {
            throw new IllegalStateException("a task without a migration");
        }
        return migration;
    }

    // What commands ask. Any thread.

    synchronized boolean hasGuest() {
        return machine != null;
    }

    /** The guest that is here. */
    synchronized GuestConfig guestConfig() throws QmpException {
        checkMayMigrate();
        if (machine == null) {
            throw QmpException.generic("there is no guest here that could be migrated");
        }
        return machine.guest().config();
    }

    /** The migration that runs, or the last one; null if there was none. */
    synchronized @Nullable MigrationRun migration() {
        return migration;
    }

    /** Whether a migration runs, or is about to. */
    synchronized boolean isMigrating() {
        return next != null || (migratesOnce && migration != null && !migration.hasEnded());
    }

    Progress progress() {
        return progress;
    }

    /** QEMU's name for what the guest does. */
    synchronized String runState() {
        MigrationRun run = migration;
        if (ends) {
            return "shutdown";
        }
        if (isMigrating() && run != null) {
            Guest guest = run.control().guest();
            boolean started = run.role() == AgentRole.DESTINATION || (guest != null && guest.hasRun());
            return started ? run.runState() : "prelaunch"; // its memory is being filled
        }
        if (machine == null) {
            return run != null && run.role() == AgentRole.SOURCE ? "postmigrate" : "inmigrate";
        }
        return paused ? "paused" : "running";
    }

    /** The numbers of the vCPUs' threads; empty if no guest is here. */
    List<Integer> threadIds() {
        MigrationRun run = migration();
        VirtualMachine here;
        synchronized (this) {
            here = machine;
        }
        Guest guest = here != null
                ? here.guest()
                : run != null && isMigrating() ? run.control().guest() : null;
        return guest == null ? List.of() : guest.threadIds();
    }

    /** Pauses the guest, or lets it run. */
    synchronized void setPaused(boolean value) throws QmpException {
        VirtualMachine here = machine;
        if (isMigrating()) {
            throw QmpException.generic("a migration is in progress; the guest can be paused and resumed afterwards");
        }
        if (here == null) {
            throw QmpException.generic("there is no guest here");
        }
        if (value == paused) {
            return;
        }
        if (value) {
            here.guest().stop();
        } else {
            here.guest().resume();
        }
        paused = value;
        send(value ? "STOP" : "RESUME", MissingNode.getInstance());
    }

    /** Leaves a migration to the agent's thread. */
    synchronized void begin(MigrationRun run, Task task) throws QmpException {
        checkMayMigrate();
        if (run.role() == AgentRole.SOURCE && machine == null) {
            throw QmpException.generic("there is no guest here that could be migrated");
        }
        if (run.role() == AgentRole.DESTINATION && machine != null) {
            throw QmpException.generic("The incoming migration has already been started: a guest is here");
        }
        if (paused) {
            throw QmpException.generic("the guest is paused; use 'cont' first");
        }
        progress.startOver();
        migration = run;
        next = task;
        notifyAll();
    }

    private synchronized void checkMayMigrate() throws QmpException {
        if (migratesOnce) {
            throw QmpException.generic("this agent migrates once, as its command line says");
        }
        if (isMigrating()) {
            throw QmpException.generic("There's a migration process in progress");
        }
    }

    /** Ends the agent, after the migration that runs has been cancelled. */
    synchronized void quit() {
        quits = true;
        cancelMigration("cancelled by 'quit'");
        notifyAll();
    }

    /** Cancels the migration that runs, if one does. */
    synchronized void cancelMigration(String reason) {
        MigrationRun run = migration;
        if (run != null && isMigrating()) {
            run.cancel(reason, clock.nanoTime(), this::send);
        }
    }

    /** A {@link Cancellation} of one migration, which ends with the agent's own. */
    Cancellation newCancellation() {
        return new Cancellation(cancellation);
    }

    // What the agent's thread does.

    /** Migrates the guest away over a link. */
    RunResult give(MigrationRun run, AgentOutcome outcome, Agents.Opener<DestinationLink> destination)
            throws IOException {
        VirtualMachine given = takeMachine();
        if (given == null) {
            throw new IllegalStateException("no guest");
        }
        run.control().setGuest(given.guest());
        outcome.sourceHasGuest();
        DestinationLink link;
        boolean kernelMoves;
        try {
            progress.begin(Progress.Phase.CONNECTING, 0);
            kernelMoves = HostChecks.movesGifts(run.request());
            link = destination.open();
        } catch (IOException | RuntimeException | Error e) {
            putMachine(given);
            throw e;
        }
        try (link) {
            SourceAgent.Given ended = Agents.give(run.request(), link, kernelMoves, run.control(), progress, given);
            putMachine(ended.machine());
            return ended.result();
        }
    }

    /** Takes a guest in over a link. */
    RunResult take(MigrationRun run, AgentOutcome outcome, Agents.Opener<SourceLink> source) throws IOException {
        DestinationAgent.Taken taken =
                Agents.take(run.request(), source, () -> false, outcome, run.control(), progress);
        putMachine(taken.machine());
        return taken.result();
    }

    private void phaseBegins(Progress.Phase phase) {
        MigrationRun run = migration();
        if (run != null && !run.hasEnded()) {
            run.phaseBegins(phase, clock.nanoTime(), this::send);
        }
    }

    private void pass(int number) {
        send("MIGRATION_PASS", JsonNodeFactory.instance.objectNode().put("pass", number));
    }

    private void ended(MigrationRun run, RunResult result) {
        run.ended(result, clock.nanoTime(), this::send);
    }

    private void failed(MigrationRun run, Throwable reason) {
        run.failed(FailureText.of(reason), clock.nanoTime(), this::send);
    }

    private void send(String name, JsonNode data) {
        events.accept(QmpEvent.at(clock.nanoTime(), name, data));
    }

    private void send(long ns, String name, JsonNode data) {
        events.accept(QmpEvent.at(ns, name, data));
    }
}
