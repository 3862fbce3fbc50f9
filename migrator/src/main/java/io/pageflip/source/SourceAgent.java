package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.GuestLostException;
import io.pageflip.agent.SwitchoverLog;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.ram.Adoption;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs a guest and gives it to a destination, once. One thread calls {@link #run}; {@link Cancellation} and
 * {@link Progress} may be used from others.
 *
 * <pre>
 *   STARTING -> SETUP -> ACTIVE -> DEVICE -> RELEASED -> COMPLETED
 *        any of them before the epoch changes -> FAILED: the guest runs here again
 *        pages gone or owner dead             -> LOST:   nobody runs it
 * </pre>
 */
public final class SourceAgent {
    private static final System.Logger LOG = System.getLogger("pageflip.source");
    private static final long MS = 1_000_000;

    private static final int FIRST_INSTRUCTION_TIMEOUT_S = 10;

    private final SourceOptions options;
    private final DestinationLink link;
    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
    private final AgentContext<SourceState> context;

    private final boolean kernelMovesGifts;
    private @Nullable Adoption adoption;

    /**
     * An agent that owns nothing yet.
     *
     * @param link to the destination; stays its owner's
     * @param kernelMovesGifts what a probe says about this kernel and gifted pages
     */
    public SourceAgent(
            SourceOptions options,
            DestinationLink link,
            boolean kernelMovesGifts,
            Cancellation cancellation,
            Progress progress,
            NanoClock clock) {
        this.options = options;
        this.link = link;
        this.kernelMovesGifts = kernelMovesGifts;
        this.cancellation = cancellation;
        this.progress = progress;
        this.clock = clock;
        this.context = new AgentContext<>(
                "source", SourceState.STARTING, options.fault(), link::drop, cancellation, progress, clock);
    }

    /**
     * Makes the guest, migrates it, and releases everything; a failure after the guest runs is in the result.
     *
     * @throws IOException if there never was a guest
     */
    public RunResult run() throws IOException {
        return run(VirtualMachine.create(options.guest(), this::makeBlock, clock));
    }

    private RamBlock makeBlock(BlockSpec spec) throws IOException {
        Path directory = options.ramDirectory();
        if (directory != null && spec.backing() == Backing.FILE) {
            return RamBlock.createOnDisk(spec, directory);
        }
        boolean ram = spec.equals(options.guest().blocks().get(GuestConfig.RAM));
        RamConditions conditions = options.scenario().conditions();
        if (ram && spec.backing() == Backing.ANONYMOUS && !conditions.allPlain()) {
            return conditions.create(spec);
        }
        RamBlock block = ram && options.adopts() ? RamBlock.createPrivate(spec) : RamBlock.create(spec);
        if (ram && options.scenario().sharerPercent() > 0) {
            block.share(
                    options.scenario().sharedPages(spec.pages(), options.guest().seed()));
        }
        return block;
    }

    /**
     * The same with a guest that this process has: made just now, or running. It is closed when this returns.
     *
     * @throws IOException if there never was a running guest
     */
    public RunResult run(VirtualMachine machine) throws IOException {
        try (SourceMemory memory = new SourceMemory(machine, clock)) {
            return migrate(memory);
        }
    }

    private RunResult migrate(SourceMemory memory) throws IOException {
        Guest guest = memory.guest();
        boolean runs = guest.isRunning();
        Ownership ownership = Ownership.of(memory.token());
        memory.token().page().setRoundsReceived(0); // of an earlier migration of this guest
        StreamWriter stream;
        try {
            stream = link.greet(memory.hello(options, populates()), memory.files());
            context.reached(Step.HELLO);
        } catch (IOException | RuntimeException e) {
            if (runs) {
                return takeBack(memory, ownership, null, e);
            }
            throw e;
        }
        if (!runs) {
            progress.begin(Progress.Phase.FILLING, options.guest().ramBytes() / 4096);
            context.reached(Step.FILLING);
            guest.powerOn(done -> {
                progress.done(done);
                throwIfCancelled();
            });
            if (options.adopts()) {
                adoption = guest.adoption(options.adoptChunkBytes());
            }
            guest.resume();
        }
        long runningSinceNs = runs ? clock.nanoTime() - options.warmUp().runBeforeNs() : clock.nanoTime();
        try (Crossing crossing = new Crossing(options, memory, ownership, adoption, stream, link, context)) {
            try {
                context.transition(SourceState.SETUP, "the guest runs");
                crossing.prepare(runningSinceNs);
                crossing.switchOver();
            } catch (IOException | RuntimeException e) {
                crossing.endWatching();
                return takeBack(memory, ownership, crossing, e)
                        .with(SourceSide.incomplete(crossing.report(), adopted()));
            }
            crossing.endWatching();
            RunResult result = awaitTaken(memory, ownership, crossing);
            return result.measured() == null
                    ? result.with(SourceSide.incomplete(crossing.report(), adopted()))
                    : result;
        }
    }

    /** Cancelled while the guest is filled: there is nothing to lose yet. */
    private void throwIfCancelled() {
        if (cancellation.isRequested()) {
            throw new java.util.concurrent.CancellationException("cancelled before the guest ran");
        }
    }

    private boolean populates() {
        return options.mechanism() != Mechanism.GIFT || !options.gifts() || !kernelMovesGifts;
    }

    /**
     * The lock is released: either the destination's epoch appears, or the destination is gone and the lock ours again.
     */
    private RunResult awaitTaken(SourceMemory memory, Ownership ownership, Crossing crossing) throws IOException {
        TokenWait wait = new TokenWait(ownership, link, clock, options.guest().ramBytes());
        IOException reason;
        try {
            context.reached(Step.RELEASED);
            reason = wait.awaitTaken();
        } catch (IOException e) {
            reason = wait.settle(e); // a destination that could not be told may have taken the guest all the same
        }
        if (reason != null) {
            return takeBack(memory, ownership, crossing, reason);
        }
        context.transition(SourceState.COMPLETED, "the destination has stored its epoch");
        if (context.log().isOn()) {
            SwitchoverLog.source(
                    context.log(),
                    memory.token().page(),
                    memory.guest().config().vcpus());
        }
        try {
            return handedOver(memory, crossing);
        } catch (GuestLostException e) {
            return lost(e);
        } catch (IOException e) {
            boolean dead = wait.ownerIsDead();
            if (!dead) {
                return RunResult.unreported(new Failure(
                        Failure.Kind.NO_REPORT,
                        "the guest is at the destination, whose report did not come: " + e.getMessage()));
            }
            return lost(new GuestLostException("the destination took it and died (" + e.getMessage() + ")"));
        }
    }

    private RunResult lost(GuestLostException reason) {
        context.transition(SourceState.LOST, describe(reason));
        return RunResult.lost(describe(reason));
    }

    private RunResult handedOver(SourceMemory memory, Crossing crossing) throws IOException {
        if (crossing.pagesStay()) {
            new PostcopyCompletion(
                            link, PostcopyCompletion.takenBy(link, memory.token()), progress, context::reached, clock)
                    .await();
        } else {
            link.awaitResumed();
            progress.begin(Progress.Phase.RUNNING, 0);
            context.reached(Step.RESUMED);
        }
        // Where pages stay shared, the destination's share grows while ours goes: sums of later looks would count pages
        // twice.
        boolean shared =
                options.mechanism() == Mechanism.FLIP && options.schedule().announcesAllBeforePause();
        long pssWhenResumed = shared ? 0 : Proc.proportionalSetBytes();
        crossing.close();
        memory.endExport();
        crossing.giveUp();
        memory.guest().close(); // it is the destination's, whose own descriptors keep alive what it needs
        Message.Completed completed = link.awaitCompleted();
        if (completed == null) {
            return RunResult.unreported(null);
        }
        RunResult result = ResultJson.MAPPER.readValue(completed.json(), RunResult.class);
        long peakPss = pssWhenResumed == 0
                ? crossing.peakPssWhenReady()
                : Math.max(crossing.peakPssWhenReady(), pssWhenResumed + completed.pssBytes());
        return result.with(new SourceSide(peakPss, crossing.report(), adopted(), crossing.fuse()));
    }

    private Adoption.@Nullable Figures adopted() {
        return adoption == null ? null : adoption.figures();
    }

    /** The migration has failed, and the epoch is still ours: the guest goes on here. */
    private RunResult takeBack(SourceMemory memory, Ownership ownership, @Nullable Crossing crossing, Exception reason)
            throws IOException {
        LOG.log(System.Logger.Level.DEBUG, "taking the guest back", reason);
        link.cancel(describe(reason));
        boolean stood = !memory.guest().isRunning();
        boolean pagesLeft = crossing != null && crossing.pagesLeft();
        if (stood && pagesLeft && options.mechanism() == Mechanism.GIFT && options.gifts() && kernelMovesGifts) {
            context.transition(SourceState.LOST, describe(reason));
            return RunResult.lost("the guest is lost: its gifted pages had left for good when the migration failed: "
                    + describe(reason));
        }
        context.transition(SourceState.FAILED, describe(reason));
        if (stood) {
            // A destination that comes late, or wakes up, finds another epoch than the one it was promised.
            ownership.claimNext();
            if (crossing != null) {
                crossing.close();
            }
            memory.endExport(); // pages that have moved are on the disk
            memory.guest().resume();
            memory.guest().awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        }
        boolean cancelled = reason instanceof CancelledException || reason instanceof NotConvergedException;
        VerificationResult verification = watchAndVerify(memory.guest());
        return RunResult.ended(
                cancelled ? MigrationStatus.CANCELLED : MigrationStatus.FAILED,
                Owner.SOURCE,
                verification,
                new Failure(failureKind(reason, cancelled), describe(reason)));
    }

    private static Failure.Kind failureKind(Exception reason, boolean cancelled) {
        if (reason instanceof NotConvergedException) {
            return Failure.Kind.NOT_CONVERGED;
        }
        if (reason instanceof HostLacksException) {
            return Failure.Kind.HOST_LACKS;
        }
        return cancelled ? Failure.Kind.CANCELLED : Failure.Kind.MIGRATION_FAILED;
    }

    private VerificationResult watchAndVerify(Guest guest) throws IOException {
        progress.begin(Progress.Phase.RUNNING, 0);
        long untilNs = clock.nanoTime() + options.runAfterNs();
        while (clock.nanoTime() < untilNs && !cancellation.isRequested()) {
            LockSupport.parkNanos(10 * MS);
        }
        guest.stop();
        guest.checkVcpus();
        if (!options.verify()) {
            return VerificationResult.SKIPPED;
        }
        progress.begin(Progress.Phase.VERIFYING, 0);
        return VerificationResult.of(guest.verify());
    }

    private static String describe(Exception reason) {
        String message = reason.getMessage();
        return message == null || reason instanceof RuntimeException ? reason.toString() : message;
    }
}
