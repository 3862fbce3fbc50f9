package io.pageflip.destination;

import io.pageflip.agent.GuestLostException;
import io.pageflip.agent.SwitchoverLog;
import io.pageflip.channel.Cancellation;
import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.ledger.Frames;
import io.pageflip.ledger.PageLedger;
import io.pageflip.log.EventLog;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes a guest over from a source, once. One thread calls {@link #run}; {@link Cancellation} and {@link Progress} may
 * be used from others.
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

    private final DestinationOptions options;
    private final SourceLink link;
    private final boolean kernelMovesGifts;
    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
    private final BooleanSupplier noticed;
    private final Runnable drop;
    private final Timeline timeline = new Timeline();
    private DestinationState state = DestinationState.SETUP;

    /**
     * An agent that owns nothing yet.
     *
     * @param link to the source, which has greeted us; stays its owner's
     * @param kernelMovesGifts what a probe says about this kernel and gifted pages
     */
    public DestinationAgent(
            DestinationOptions options,
            SourceLink link,
            boolean kernelMovesGifts,
            Cancellation cancellation,
            Progress progress,
            NanoClock clock) {
        this.options = options;
        this.link = link;
        this.kernelMovesGifts = kernelMovesGifts;
        this.cancellation = cancellation;
        this.noticed = cancellation::isRequested;
        this.drop = link::drop;
        this.progress = progress;
        this.clock = clock;
    }

    /**
     * Takes the guest over, lets it run, verifies it, and ends it.
     *
     * @throws IOException if the guest never became ours; the source has been told why
     */
    public RunResult run() throws IOException {
        try (DestinationMemory memory = prepareMemory()) {
            return takeOver(memory, true);
        }
    }

    /**
     * A guest that was taken over, and the account of that.
     *
     * @param machine runs, and is the caller's; null if the guest was verified and ended, because somebody asked for
     *     the end
     */
    public record Taken(RunResult result, @Nullable VirtualMachine machine) {}

    /**
     * Takes the guest over and lets it run on, unverified.
     *
     * @throws IOException if the guest never became ours; the source has been told why
     */
    public Taken take() throws IOException {
        try (DestinationMemory memory = prepareMemory()) {
            RunResult result = takeOver(memory, false);
            return new Taken(result, memory.guest().isRunning() ? memory.giveAway() : null);
        }
    }

    private RunResult takeOver(DestinationMemory memory, boolean ends) throws IOException {
        Schedule schedule = link.hello().schedule();
        boolean pagesComeAgain = schedule.announcesAllBeforePause() || schedule == Schedule.PRECOPY;
        PageLedger ledger = new PageLedger(link.hello().guest().blocks(), pagesComeAgain);
        Crossing crossing;
        try {
            crossing = new Crossing(options, link, memory, ledger, timeline, new Told(), cancellation, progress, clock);
            crossing.run();
        } catch (IOException | RuntimeException e) {
            transition(DestinationState.FAILED, String.valueOf(e.getMessage()));
            tellFailure(e);
            throw e;
        }
        return runGuest(memory, ledger, crossing, ends);
    }

    private DestinationMemory prepareMemory() throws IOException {
        reached(Step.HELLO);
        try {
            return new DestinationMemory(link.hello(), link.openFiles(), options.moves(), clock);
        } catch (IOException | RuntimeException e) {
            tellFailure(e);
            throw e;
        }
    }

    private void tellFailure(Exception reason) {
        try {
            boolean ours = reason instanceof RuntimeException;
            link.send(new Message.Failed(ours ? reason.toString() : String.valueOf(reason.getMessage())));
        } catch (IOException e) {
            reason.addSuppressed(e); // nobody listens
        }
    }

    /** The guest is ours: nothing that goes wrong from here on gives it back. */
    private RunResult runGuest(DestinationMemory memory, PageLedger ledger, Crossing crossing, boolean ends)
            throws IOException {
        Postcopy late = crossing.postcopy();
        if (late == null) {
            return runGuest(memory, ledger, crossing, null, ends);
        }
        SourcePages source = crossing.source();
        PostcopyCompletion lastPage = new PostcopyCompletion(
                late,
                source == null ? null : PostcopyCompletion.sourceOf(source),
                link,
                PostcopyCompletion.vcpusOf(memory.guest()),
                memory.token().epoch(),
                options.late().recoverTimeoutNs(),
                cancellation,
                progress,
                this::reached,
                clock);
        try {
            return runGuest(memory, ledger, crossing, lastPage, ends);
        } catch (GuestLostException e) {
            transition(DestinationState.LOST, String.valueOf(e.getMessage()));
            memory.guest().stop(late::close); // before it can go on with zeros where its pages were
            tellFailure(e);
            return RunResult.lost(String.valueOf(e.getMessage()));
        }
    }

    private RunResult runGuest(
            DestinationMemory memory,
            PageLedger ledger,
            Crossing crossing,
            @Nullable PostcopyCompletion lastPage,
            boolean ends)
            throws IOException {
        Guest guest = memory.guest();
        SwitchoverPage page = memory.token().page();
        Message.SourceFigures figures = crossing.figures();
        if (lastPage != null) {
            lastPage.awaitFirstBeats();
        }
        timeline.firstInstructionNs = guest.awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        transition(DestinationState.COMPLETED, "the guest runs here");
        EventLog log = EventLog.of("destination");
        if (log.isOn()) {
            SwitchoverLog.destination(
                    log, timeline.noticedNs, timeline.lockedNs, timeline.claimedNs, timeline.firstInstructionNs);
        }
        long runningSinceNs = clock.nanoTime();
        // Not from guest memory: a page of that may have to be fetched yet.
        long instructions = page.instructions(guest.config().vcpus());
        Timeline.Marks marks = marks(page, guest.config().vcpus());
        PulseWatch pulse = PulseWatch.of(guest.pulse(), marks.lastInstructionNs(), timeline.firstInstructionNs);
        timeline.pulse = pulse;
        sendOrLog(new Message.Resumed(memory.token().epoch()));
        reached(Step.RESUMED);
        progress.begin(Progress.Phase.RUNNING, 0);
        if (lastPage != null) {
            lastPage.start(); // not before: the first faults have the processors to themselves
            timeline.firstBeatNs = guest.firstBeatsNs();
            awaitLastPage(lastPage, memory, pulse);
        }
        Postcopy late = crossing.postcopy();
        if (late != null) {
            late.settle(ledger, guest.blocks());
            timeline.lateDone(late, guest.blocks());
        }
        long pss = Proc.proportionalSetBytes(); // holds the address space up: not while pages come
        Evidence early = crossing.fuseEvidence();
        Evidence evidence = early != null
                ? early
                : Frames.judge(
                        ledger,
                        guest.blocks(),
                        memory.frames(),
                        framesVisible(figures),
                        figures.relocatedPages(),
                        kernelMovesGifts);
        pulse.settled(clock.nanoTime());
        watch(runningSinceNs, pulse);
        long endNs = clock.nanoTime();
        long ranForNs = endNs - runningSinceNs;
        boolean last = ends || cancellation.isRequested();
        if (last) {
            guest.stop();
        }
        pulse.end(endNs);
        guest.checkVcpus();
        Measured.GuestActivity activity =
                new Measured.GuestActivity(ranForNs, guest.instructions() - instructions, guest.pagesWritten());
        VerificationResult verification = last ? verify(guest) : VerificationResult.SKIPPED;
        RunResult result = RunResult.completed(
                timeline.measured(link.hello(), figures, marks, ledger, evidence, activity), verification);
        sendOrLog(new Message.Completed(pss, ResultJson.write(result)));
        return result;
    }

    private VerificationResult verify(Guest guest) throws IOException {
        if (!options.verify()) {
            return VerificationResult.SKIPPED;
        }
        progress.begin(Progress.Phase.VERIFYING, 0);
        return VerificationResult.of(guest.verify());
    }

    private void awaitLastPage(PostcopyCompletion lastPage, DestinationMemory memory, PulseWatch pulse)
            throws IOException {
        PostcopyFigures figures = lastPage.await(() -> pulse.read(clock.nanoTime()));
        if (figures != null) {
            timeline.postcopy =
                    Timeline.postcopy(figures, memory.faultLogs(), lastPage.recoveries(), lastPage.pausedNs());
        }
        memory.token().page().setLastPage(memory.token().epoch());
        reached(Step.LAST_PAGE);
        progress.begin(Progress.Phase.RUNNING, 0);
    }

    private static boolean framesVisible(Message.SourceFigures figures) {
        return figures.framesVisible() && HostCapabilities.frameNumbersVisible();
    }

    private static Timeline.Marks marks(SwitchoverPage page, int vcpus) {
        long[] last = new long[vcpus];
        for (int i = 0; i < vcpus; i++) {
            last[i] = page.vcpuLastInstructionNs(i);
        }
        return new Timeline.Marks(last, page.guestPausedNs(), page.savedNs(), page.releasedNs(), page.dryRunNs());
    }

    /** The source may be gone: it has nothing to do with the guest any more. */
    private void sendOrLog(Message message) {
        try {
            link.send(message);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the source did not hear " + message.type(), e);
        }
    }

    private void watch(long runningSinceNs, PulseWatch pulse) {
        while (clock.nanoTime() - runningSinceNs < options.runAfterNs() && !cancellation.isRequested()) {
            pulse.read(clock.nanoTime());
            LockSupport.parkNanos(10 * MS);
        }
    }

    /** What a crossing tells of itself. */
    private final class Told implements Crossing.Agent {
        @Override
        public void reached(Step step) {
            DestinationAgent.this.reached(step);
        }

        @Override
        public void transition(DestinationState next, String why) {
            DestinationAgent.this.transition(next, why);
        }
    }

    private void reached(Step step) {
        options.fault().at(step, noticed, drop);
    }

    private void transition(DestinationState next, String why) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException("destination: " + state + " -> " + next + " (" + why + ")");
        }
        LOG.log(System.Logger.Level.DEBUG, "state {0} -> {1}: {2}", state, next, why);
        state = next;
    }
}
