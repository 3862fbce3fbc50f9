package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.FailureText;
import io.pageflip.agent.GuestLostException;
import io.pageflip.agent.LastCheck;
import io.pageflip.agent.MigrationControl;
import io.pageflip.agent.SwitchoverLog;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.memory.BasePage;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PeerReport;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.IdlePriority;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestRules;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs a guest and gives it to a destination, once. One thread calls {@link #run}; {@link MigrationControl} and
 * {@link Progress} may be used from others.
 *
 * <pre>
 *   STARTING -> SETUP -> ACTIVE -> DEVICE -> RELEASED -> COMPLETED
 *        any of them before the epoch changes -> FAILED: the guest runs here again
 *        pages gone or owner dead             -> LOST:   no agent runs it
 * </pre>
 */
public final class SourceAgent {
    private static final System.Logger LOG = System.getLogger("pageflip.source");
    private static final long MS = 1_000_000;

    private static final int FIRST_INSTRUCTION_TIMEOUT_S = 10;

    private final MigrationRequest request;
    private final DestinationLink link;
    private final Progress progress;
    private final NanoClock clock;
    private final AgentContext<SourceState> context;

    private final boolean kernelMovesGifts;
    private boolean keepsGuest;
    private boolean kept;

    /**
     * An agent that owns nothing yet.
     *
     * @param link to the destination; the caller still owns it
     * @param kernelMovesGifts whether this kernel moves gifted pages, as a probe found
     * @throws RefusedException if {@link RequestRules} refuses the request
     */
    public SourceAgent(
            MigrationRequest request,
            DestinationLink link,
            boolean kernelMovesGifts,
            MigrationControl control,
            Progress progress,
            NanoClock clock)
            throws RefusedException {
        RequestRules.require(request);
        this.request = request;
        this.link = link;
        this.kernelMovesGifts = kernelMovesGifts;
        this.progress = progress;
        this.clock = clock;
        this.context = new AgentContext<>(
                "source", SourceState.STARTING, request.sourceFault(), link::drop, control, progress, clock);
    }

    /**
     * Makes the guest, migrates it, and releases everything. A failure that comes once the guest runs is in the result.
     *
     * @throws IOException if there never was a guest
     */
    public RunResult run() throws IOException {
        return run(makeMachine(request, clock));
    }

    private static VirtualMachine makeMachine(MigrationRequest request, NanoClock clock) throws IOException {
        return VirtualMachine.create(request.guest(), spec -> makeBlock(request, spec), clock);
    }

    private static RamBlock makeBlock(MigrationRequest request, BlockSpec spec) throws IOException {
        Path directory = request.ramDirectory();
        if (directory != null && spec.backing() == Backing.FILE) {
            return RamBlock.createOnDisk(spec, directory);
        }
        boolean ram = spec.equals(request.guest().blocks().get(GuestConfig.RAM));
        if (!ram) {
            return RamBlock.create(spec);
        }
        return RamBlock.create(
                spec,
                request.adopts()
                        ? ExceptionalPages.untilAdoption(spec)
                        : request.scenario().atSource(spec, request.guest().seed()));
    }

    /**
     * As {@link #run()}, with a guest that this process has: made just now, or running. It is closed when this returns.
     *
     * @throws IOException if there never was a running guest
     */
    public RunResult run(VirtualMachine machine) throws IOException {
        try (SourceMemory memory = new SourceMemory(machine, clock)) {
            context.control().setGuest(memory.guest());
            context.control().setBreaker(link::drop);
            boolean runs = memory.guest().isRunning();
            Ownership ownership = Ownership.of(memory.token());
            StreamWriter stream;
            try {
                stream = greet(memory);
            } catch (IOException | RuntimeException | Error e) {
                if (!runs) {
                    throw e;
                }
                Exception cause = link.explain(asException(e));
                tellOfFailure(cause);
                context.transition(SourceState.FAILED, FailureText.of(cause));
                return stays(memory, cause);
            }
            OutgoingMigration migration = new OutgoingMigration(request, memory, ownership, stream, link, context);
            try (OutgoingSchedule schedule = OutgoingSchedule.of(migration)) {
                PreparationStep first = PreparationStep.NONE;
                if (!runs) {
                    migration.warmUp(schedule.scratch());
                    first = powerOn(memory.guest());
                }
                RunResult result = migrate(migration, first, schedule, !runs);
                return result.with(first.report(schedule.report(result.source())));
            }
        }
    }

    /**
     * A guest, and what became of the attempt to give it away.
     *
     * @param machine with the guest, which runs here; the caller owns it; null if the guest is not here any more
     */
    public record Given(RunResult result, @Nullable VirtualMachine machine) {}

    /**
     * Gives away a guest that runs. If that fails, the guest runs on here, unverified.
     *
     * @param machine taken over
     */
    public Given give(VirtualMachine machine) throws IOException {
        keepsGuest = true;
        RunResult result = run(machine);
        return new Given(result, kept ? machine : null);
    }

    /**
     * Makes a guest, fills its memory and starts it.
     *
     * @return the running guest, which the caller owns
     */
    public static VirtualMachine start(
            MigrationRequest request, MigrationControl control, Progress progress, NanoClock clock) throws IOException {
        VirtualMachine machine = makeMachine(request, clock);
        boolean runs = false;
        try {
            beginFilling(request, progress);
            fill(machine.guest(), control.cancellation(), progress);
            machine.guest().resume();
            runs = true;
            return machine;
        } finally {
            if (!runs) {
                machine.close();
            }
        }
    }

    private static void beginFilling(MigrationRequest request, Progress progress) {
        progress.begin(Progress.Phase.FILLING, request.guest().ramBytes() / BasePage.BYTES);
    }

    private static void fill(Guest guest, Cancellation cancellation, Progress progress) throws IOException {
        guest.powerOn(done -> {
            progress.done(done);
            throwIfCancelled(cancellation);
        });
    }

    private StreamWriter greet(SourceMemory memory) throws IOException {
        memory.token().page().setRoundsReceived(0); // an earlier migration has left numbers
        memory.token().page().setSourceDoneNs(0);
        StreamWriter stream = link.greet(memory.hello(request, populates()), memory.files());
        context.reached(Step.HELLO);
        return stream;
    }

    /** Fills the guest's memory and starts the guest. Returns the step that must be done to it first. */
    private PreparationStep powerOn(Guest guest) throws IOException {
        beginFilling(request, progress);
        context.reached(Step.FILLING);
        fill(guest, context.cancellation(), progress);
        PreparationStep first =
                request.adopts() ? new PreparationStep.Adopt(guest, request, context) : PreparationStep.NONE;
        progress.begin(Progress.Phase.PREPARING, 0);
        guest.resume();
        return first;
    }

    /** @param fresh whether the guest has just begun to run */
    private RunResult migrate(
            OutgoingMigration migration, PreparationStep first, OutgoingSchedule schedule, boolean fresh)
            throws IOException {
        try {
            context.transition(SourceState.SETUP, "the guest runs");
            if (fresh) {
                migration.letRun();
            }
            migration.begin();
            migration.warmUp(schedule.scratch());
            first.run(link);
            schedule.prepare();
            schedule.switchOver();
        } catch (IOException | RuntimeException | Error e) {
            return takeBack(migration, schedule, asException(e));
        }
        return awaitTaken(migration, schedule);
    }

    private static Exception asException(Throwable failure) {
        return failure instanceof Exception foreseen ? foreseen : new IOException(FailureText.of(failure), failure);
    }

    /** Throws if the user cancels while guest memory is being filled: there is no guest to lose yet. */
    private static void throwIfCancelled(Cancellation cancellation) {
        if (cancellation.isRequested()) {
            throw new java.util.concurrent.CancellationException("cancelled before the guest ran");
        }
    }

    private boolean populates() {
        return request.mechanism() != Mechanism.GIFT || !request.gifts() || !kernelMovesGifts;
    }

    /**
     * Called when the lock is released: waits until either the destination has stored its epoch, or this agent has
     * taken the guest back.
     */
    private RunResult awaitTaken(OutgoingMigration migration, OutgoingSchedule schedule) throws IOException {
        TokenWait wait = new TokenWait(
                migration.ownership(),
                link,
                clock,
                migration.limit(),
                request.guest().ramBytes());
        IOException reason;
        try {
            context.reached(Step.RELEASED);
            reason = wait.awaitTaken();
        } catch (IOException e) {
            reason = wait.giveUp(e); // the destination may have taken the guest all the same
        } catch (RuntimeException | Error e) {
            reason = wait.giveUp(new IOException(FailureText.of(e), e));
        }
        if (reason != null) {
            return takeBack(migration, schedule, reason);
        }
        context.transition(SourceState.COMPLETED, "the destination has stored its epoch");
        IdlePriority.raiseCompiler();
        context.control().setGuestPausedNs(migration.memory().token().page().guestPausedNs());
        if (context.log().isOn()) {
            SwitchoverLog.source(
                    context.log(),
                    migration.memory().token().page(),
                    migration.guest().config().vcpus());
        }
        try {
            return handedOver(migration, schedule);
        } catch (GuestLostException e) {
            return lost(e);
        } catch (CancelledException e) {
            return RunResult.unreported(new Failure(
                    Failure.Kind.NO_REPORT, "its report did not come before this source ended: " + e.getMessage()));
        } catch (RuntimeException | Error e) {
            return RunResult.unreported(
                    new Failure(Failure.Kind.NO_REPORT, "but this source failed: " + FailureText.of(e)));
        } catch (IOException e) {
            if (wait.ownerIsDead()) {
                return lost(new GuestLostException("the destination took it and died (" + e.getMessage() + ")"));
            }
            return RunResult.unreported(new Failure(
                    Failure.Kind.NO_REPORT,
                    "the guest is at the destination, whose report did not come: " + e.getMessage()));
        }
    }

    private RunResult lost(GuestLostException reason) {
        context.transition(SourceState.LOST, FailureText.of(reason));
        return RunResult.lost(FailureText.of(reason));
    }

    /** The destination has the guest: frees everything of it that is here, and waits for the destination's report. */
    private RunResult handedOver(OutgoingMigration migration, OutgoingSchedule schedule) throws IOException {
        schedule.awaitResumed();
        schedule.close();
        migration.memory().endExport();
        schedule.letGo();
        migration.guest().close(); // the destination has its own descriptors of what it needs
        migration.memory().token().page().setSourceDoneNs(clock.nanoTime());
        Message.Completed completed = link.awaitCompleted();
        if (completed == null) {
            return RunResult.unreported(null);
        }
        RunResult result = PeerReport.read(completed.json(), migration.pages());
        return result.with(SourceSide.arrived(migration.peakPss(completed.pssBytes())));
    }

    /**
     * The migration has failed, and the guest is still ours: it goes on here. The destination is told afterwards: the
     * guest does not wait for a destination that does not listen.
     */
    private RunResult takeBack(OutgoingMigration migration, OutgoingSchedule schedule, Exception reason) {
        IdlePriority.raiseCompiler();
        try {
            return resumeHere(migration, schedule, reason);
        } catch (IOException | RuntimeException | Error e) { // it ends with this agent
            return RunResult.lost("the guest is lost: it could not go on at the source: "
                    + FailureText.of(e) + "; before that: "
                    + FailureText.of(reason));
        }
    }

    private RunResult resumeHere(OutgoingMigration migration, OutgoingSchedule schedule, Exception reason)
            throws IOException {
        Guest guest = migration.guest();
        boolean paused = !guest.isRunning();
        boolean forGood = request.mechanism() == Mechanism.GIFT && request.gifts() && kernelMovesGifts;
        if (paused && forGood && migration.havePagesLeft()) {
            tellOfFailure(reason);
            return lost(new GuestLostException(
                    "its gifted pages could not be taken back when the migration failed: " + FailureText.of(reason)));
        }
        context.transition(SourceState.FAILED, FailureText.of(reason));
        if (paused && !migration.ownership().takeBack()) {
            throw new IllegalStateException("the destination has taken a guest that was never released");
        }
        schedule.close();
        if (paused) {
            migration.memory().endExport(); // pages that have moved are on the disk
            guest.resume();
            guest.awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        }
        Exception cause = link.explain(reason);
        tellOfFailure(cause);
        return stays(migration.memory(), cause);
    }

    private void tellOfFailure(Exception reason) {
        LOG.log(System.Logger.Level.DEBUG, "the migration has failed", reason);
        link.cancel(FailureText.of(reason));
    }

    /** The guest stays here: lets it run for a while, and verifies it. */
    private RunResult stays(SourceMemory memory, Exception reason) throws IOException {
        boolean cancelled = reason instanceof CancelledException || reason instanceof NotConvergedException;
        return RunResult.ended(
                cancelled ? MigrationStatus.CANCELLED : MigrationStatus.FAILED,
                Owner.SOURCE,
                keepsGuest ? keep(memory) : watchAndVerify(memory.guest()),
                new Failure(failureKind(reason, cancelled), FailureText.of(reason)));
    }

    /** The guest runs on, and is the caller's. */
    private VerificationResult keep(SourceMemory memory) {
        memory.giveAway();
        kept = true;
        return VerificationResult.SKIPPED;
    }

    private static Failure.Kind failureKind(Exception reason, boolean cancelled) {
        if (reason instanceof NotConvergedException) {
            return Failure.Kind.NOT_CONVERGED;
        }
        if (HostLacksException.isMeantBy(reason)) {
            return Failure.Kind.HOST_LACKS;
        }
        return cancelled ? Failure.Kind.CANCELLED : Failure.Kind.MIGRATION_FAILED;
    }

    private VerificationResult watchAndVerify(Guest guest) throws IOException {
        progress.begin(Progress.Phase.RUNNING, 0);
        long untilNs = clock.nanoTime() + request.runAfterNs();
        while (clock.nanoTime() < untilNs && !context.cancellation().isRequested()) {
            guest.checkVcpus();
            LockSupport.parkNanos(10 * MS);
        }
        guest.stop();
        guest.checkVcpus();
        if (!request.verify()) {
            return VerificationResult.SKIPPED;
        }
        progress.begin(Progress.Phase.VERIFYING, 0);
        return LastCheck.of(guest, context.cancellation(), clock);
    }
}
