package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.FailureText;
import io.pageflip.agent.GuestLostException;
import io.pageflip.agent.LastCheck;
import io.pageflip.agent.MigrationControl;
import io.pageflip.agent.SwitchoverLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.log.EventLog;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.IdlePriority;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.TimeNamespace;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestRules;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.warmup.Warmup;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes a guest over from a source, once. One thread calls {@link #run}; {@link MigrationControl} and {@link Progress}
 * may be used from others.
 *
 * <pre>
 *   SETUP -> ACTIVE -> DEVICE -> COMPLETED: the guest is ours
 *     any of them before the epoch is stored -> FAILED: it is not
 * </pre>
 */
public final class DestinationAgent {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;

    private static final int FIRST_INSTRUCTION_TIMEOUT_S = 10;

    /** A source that does not say that it is done is not waited for longer. */
    private static final long LONGEST_WAIT_FOR_CALM_NS = 2_000 * MS;

    private final MigrationRequest request;
    private final SourceLink link;
    private final boolean kernelMovesGifts;
    private final AgentContext<DestinationState> context;
    private final Timeline timeline;

    /**
     * An agent that owns nothing yet.
     *
     * @param link to the source, which has greeted us; the caller still owns it
     * @param request of which only the parts for a destination count; see {@link MigrationRequest}
     * @param kernelMovesGifts whether this kernel moves gifted pages, as a probe found
     * @throws RefusedException if {@link RequestRules} refuses what is asked of the destination
     */
    public DestinationAgent(
            MigrationRequest request,
            SourceLink link,
            boolean kernelMovesGifts,
            MigrationControl control,
            Progress progress,
            NanoClock clock)
            throws RefusedException {
        RequestRules.requireDestination(request);
        this.request = request;
        this.timeline = new Timeline(TimeNamespace.OWN.clock(), request.traces());
        this.link = link;
        this.kernelMovesGifts = kernelMovesGifts;
        this.context = new AgentContext<>(
                "destination",
                DestinationState.SETUP,
                request.destinationFault(),
                link::drop,
                control,
                progress,
                clock);
    }

    /**
     * Takes the guest over, lets it run, verifies it, and ends it.
     *
     * @throws IOException if the guest never became ours; the source has been told why
     */
    public RunResult run() throws IOException {
        try (DestinationMemory memory = prepareMemory()) {
            return migrate(memory, () -> true);
        }
    }

    /**
     * A guest that was taken over, and the result of that.
     *
     * @param machine the running guest, which the caller owns; null if the guest is lost, or was verified and ended
     */
    public record Taken(RunResult result, @Nullable VirtualMachine machine) {}

    /**
     * Takes the guest over and lets it run on, unverified.
     *
     * @param ends asked when the guest has run for a while: whether it is to be verified and ended all the same
     * @throws IOException if the guest never became ours; the source has been told why
     */
    public Taken take(BooleanSupplier ends) throws IOException {
        try (DestinationMemory memory = prepareMemory()) {
            RunResult result = migrate(memory, ends);
            return new Taken(result, memory.guest().isRunning() ? memory.giveAway() : null);
        }
    }

    private DestinationMemory prepareMemory() throws IOException {
        try {
            context.reached(Step.HELLO);
            DestinationMemory memory =
                    new DestinationMemory(link.hello(), link.openFiles(), request.moves(), context.clock());
            context.control().setGuest(memory.guest());
            context.control().setBreaker(link::drop);
            return memory;
        } catch (IOException | RuntimeException | Error e) {
            sendFailure(e);
            throw e;
        }
    }

    private RunResult migrate(DestinationMemory memory, BooleanSupplier ends) throws IOException {
        DestinationSchedule schedule;
        try {
            schedule = DestinationSchedule.of(
                    new IncomingMigration(request, link, memory, timeline, kernelMovesGifts, context));
            takeOver(schedule);
        } catch (IOException | RuntimeException | Error e) {
            context.transition(DestinationState.FAILED, String.valueOf(e.getMessage()));
            sendFailure(e);
            throw e;
        }
        try {
            return runGuest(memory, schedule, ends);
        } catch (GuestLostException e) {
            return endLost(memory, schedule, e);
        } catch (IOException | RuntimeException | Error e) { // it is not the source's any more, and it cannot run here
            return endLost(
                    memory,
                    schedule,
                    new GuestLostException("the guest failed at the destination: " + FailureText.of(e)));
        }
    }

    /** Takes the guest over: when this returns, it is ours. */
    private void takeOver(DestinationSchedule schedule) throws IOException {
        try {
            context.progress().begin(Progress.Phase.PREPARING, 0);
            schedule.prepare();
            schedule.takeOver();
        } catch (IOException | RuntimeException | Error e) {
            if (schedule.callOff()) {
                throw e;
            }
            LOG.log(System.Logger.Level.DEBUG, "the guest was ours already", e);
        } finally {
            IdlePriority.raiseCompiler();
        }
    }

    private void sendFailure(Throwable reason) {
        try {
            link.send(new Message.Failed(FailureText.of(reason)));
        } catch (IOException e) {
            reason.addSuppressed(e); // the source does not read
        }
    }

    /** The guest is ours: nothing that goes wrong from here on gives it back. */
    private RunResult runGuest(DestinationMemory memory, DestinationSchedule schedule, BooleanSupplier ends)
            throws IOException {
        Guest guest = memory.guest();
        NanoClock clock = context.clock();
        SwitchoverPage page = memory.token().page();
        schedule.remainder().awaitFirstInstructions();
        timeline.firstInstructionNs = guest.awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        context.transition(DestinationState.COMPLETED, "the guest runs here");
        EventLog log = EventLog.of("destination");
        if (log.isOn()) {
            SwitchoverLog.destination(
                    log, timeline.noticedNs, timeline.lockedNs, timeline.claimedNs, timeline.firstInstructionNs);
        }
        long runningSinceNs = clock.nanoTime();
        // Not read from guest memory: that page may not be here yet.
        long instructions = page.instructions(guest.config().vcpus());
        Timeline.Marks marks = marks(page, guest.config().vcpus());
        PulseWatch pulse = PulseWatch.of(
                guest.pulse(),
                schedule.pages().figures().startNs(),
                marks.lastInstructionNs(),
                timeline.firstInstructionNs);
        timeline.pulse = pulse;
        sendOrLog(new Message.Resumed(memory.token().ownEpoch()));
        context.reached(Step.RESUMED);
        context.progress().begin(Progress.Phase.RUNNING, 0);
        long pss = 0;
        Evidence evidence = Evidence.HIDDEN;
        Failure missing = null;
        try {
            marks.check(timeline.claimedNs);
            schedule.remainder().bringPages(pulse);
            pss = Proc.proportionalSetBytes(); // holds the address space up: not while pages come
            evidence = schedule.evidence();
        } catch (GuestLostException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            missing = noFigures(e);
        }
        timeline.doneNs = clock.nanoTime();
        pulse.migrationEnded(timeline.doneNs);
        watch(runningSinceNs, pulse, guest, page);
        long endNs = clock.nanoTime();
        long ranForNs = endNs - runningSinceNs;
        boolean last = ends.getAsBoolean();
        if (last) {
            guest.stop();
        }
        pulse.end(endNs);
        guest.checkVcpus();
        Measured.GuestActivity activity =
                new Measured.GuestActivity(ranForNs, guest.instructions() - instructions, guest.pagesWritten());
        VerificationResult verification = last ? verify(guest) : VerificationResult.SKIPPED;
        RunResult result = missing == null
                ? result(schedule.pages(), marks, evidence, activity, verification)
                : RunResult.unmeasured(verification, missing);
        sendOrLog(new Message.Completed(pss, ResultJson.write(result)));
        return result;
    }

    /** The figures may be of no use, but the guest runs: that is the result. */
    private RunResult result(
            ReceivedPages pages,
            Timeline.Marks marks,
            Evidence evidence,
            Measured.GuestActivity activity,
            VerificationResult verification) {
        try {
            return RunResult.completed(
                    timeline.measured(link.hello(), pages.figures(), marks, pages.ledger(), evidence, activity),
                    verification);
        } catch (ProtocolException | RuntimeException e) {
            return RunResult.unmeasured(verification, noFigures(e));
        }
    }

    private static Failure noFigures(Exception reason) {
        LOG.log(System.Logger.Level.DEBUG, "the figures are not known", reason);
        return new Failure(
                Failure.Kind.NO_REPORT,
                "the guest runs at the destination, but its figures are not known: " + reason.getMessage());
    }

    /** The guest is lost: some of its pages will never come. */
    private RunResult endLost(DestinationMemory memory, DestinationSchedule schedule, GuestLostException reason)
            throws IOException {
        context.transition(DestinationState.LOST, String.valueOf(reason.getMessage()));
        memory.guest().stop(schedule.remainder()::giveUp); // before it can go on with zeros in place of pages
        sendFailure(reason);
        return RunResult.lost(String.valueOf(reason.getMessage()));
    }

    private VerificationResult verify(Guest guest) throws IOException {
        if (!request.verify()) {
            return VerificationResult.SKIPPED;
        }
        context.progress().begin(Progress.Phase.VERIFYING, 0);
        return LastCheck.of(guest, context.cancellation(), context.clock());
    }

    private static Timeline.Marks marks(SwitchoverPage page, int vcpus) {
        long[] last = new long[vcpus];
        for (int i = 0; i < vcpus; i++) {
            last[i] = page.vcpuLastInstructionNs(i);
        }
        return new Timeline.Marks(last, page.guestPausedNs(), page.savedNs(), page.releasedNs(), page.dryRunNs());
    }

    /** Sends a message that need not arrive: the source may be gone, and has nothing to do with the guest any more. */
    private void sendOrLog(Message message) {
        try {
            link.send(message);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the source did not hear " + message.type(), e);
        }
    }

    /** Watches the guest: for as long as was asked for, and until it has run undisturbed for a while. */
    private void watch(long runningSinceNs, PulseWatch pulse, Guest guest, SwitchoverPage page) throws IOException {
        NanoClock clock = context.clock();
        long calmNs = Warmup.Config.of(request.warmUp()).runAfterNs();
        long latestNs = clock.nanoTime() + LONGEST_WAIT_FOR_CALM_NS;
        for (long nowNs = clock.nanoTime(); !context.cancellation().isRequested(); nowNs = clock.nanoTime()) {
            long sourceDoneNs = page.sourceDoneNs();
            boolean done = sourceDoneNs > runningSinceNs && sourceDoneNs <= nowNs;
            if (done) {
                timeline.doneNs = Math.max(timeline.doneNs, sourceDoneNs);
            }
            boolean calm = calmNs == 0 || (done && nowNs - timeline.doneNs >= calmNs) || nowNs > latestNs;
            if (calm && nowNs - runningSinceNs >= request.runAfterNs()) {
                return;
            }
            pulse.read(nowNs);
            guest.checkVcpus();
            LockSupport.parkNanos(10 * MS);
        }
    }
}
