package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.fault.PageSteps;
import io.pageflip.fault.ScriptedFault;
import io.pageflip.fault.Step;
import io.pageflip.guest.Guest;
import io.pageflip.guest.RamBlock;
import io.pageflip.guest.SwitchIn;
import io.pageflip.guest.SwitchPage;
import io.pageflip.guest.SwitchRehearsal;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.transfer.Frames;
import io.pageflip.transfer.FuseReceiver;
import io.pageflip.transfer.PageLedger;
import io.pageflip.transfer.Postcopy;
import io.pageflip.transfer.PostcopyFigures;
import io.pageflip.transfer.ReceivePlan;
import io.pageflip.transfer.Rehearsal;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import io.pageflip.wire.Schedule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes a guest over from a source, once. One thread calls {@link #run}; {@link Cancellation} and {@link Progress} may be
 * used from others.
 *
 * <pre>
 *   SETUP -> ACTIVE -> DEVICE -> COMPLETED: the guest is ours
 *     any of them before the epoch is stored -> FAILED: it is not
 * </pre>
 */
public final class DestinationAgent {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;

    /** How long a source may be silent once the guest stands still. */
    private static final int SILENCE_S = 30;

    /** The source stops the guest some milliseconds after it has heard READY. */
    private static final long SPIN_FIRST_NS = 20 * MS;

    private static final long SPIN_NS = MS / 5;
    private static final int FIRST_INSTRUCTION_TIMEOUT_S = 10;

    /** As long as a killed source of a GiB may keep the lock: its page tables go first. */
    private static final long LOCK_TIMEOUT_NS = 5_000 * MS;

    private static final long LOCK_TIMEOUT_NS_PER_GIB = 500 * MS;
    private static final int ATTEND_MS = 5;

    /** C1 compiles a method after 200 calls. */
    private static final int REHEARSALS = 300;

    private final DestinationOptions options;
    private final SourceLink link;
    private final boolean kernelMovesGifts;
    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
    private final BooleanSupplier noticed;
    private final Timeline timeline = new Timeline();
    private @Nullable Postcopy postcopy;
    /** Taken before the guest runs, whose writes copy pages of a private mapping; null with other mechanisms. */
    private RunResult.@Nullable Evidence fuseEvidence;

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
     * @param machine runs, and is the caller's; null if the guest was verified and ended, because somebody asked for the end
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
        PageLedger ledger = new PageLedger(link.hello().guest().blocks(), sharesPages() || precopy());
        Message.SourceFigures figures;
        try {
            figures = receive(memory, ledger);
        } catch (IOException | RuntimeException e) {
            transition(DestinationState.FAILED, String.valueOf(e.getMessage()));
            tellFailure(e);
            throw e;
        }
        return runGuest(memory, ledger, figures, ends);
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

    /**
     * Everything up to the moment when the guest is ours.
     *
     * @return the source's figures
     */
    private Message.SourceFigures receive(DestinationMemory memory, PageLedger ledger) throws IOException {
        progress.begin(Progress.Phase.PREPARING, 0);
        if (link.hello().mechanism() == Mechanism.FLIP && !sharesPages()) {
            Rehearsal.run();
        }
        if (link.hello().schedule() == Schedule.POSTCOPY) {
            Postcopy.rehearse(clock);
        }
        SwitchRehearsal.run();
        Crossing crossing = new Crossing(memory, ledger);
        crossing.receiveUntilPrepare();
        long pss = Proc.proportionalSetBytes();
        transition(DestinationState.ACTIVE, "everything announced is done");
        link.limitSilence(SILENCE_S);
        if (link.hello().schedule() == Schedule.POSTCOPY) {
            postcopy = memory.prepareFaults(ledger, options.late(), clock);
        }
        if (sharesPages()) {
            crossing.beginSwitch(); // vCPU 0 is awake and waits when the source hears of it
        }
        timeline.readyNs = clock.nanoTime();
        link.send(new Message.Ready(pss));
        reached(Step.READY);
        try {
            if (!sharesPages()) {
                link.stream().expectSoon(SPIN_FIRST_NS, SPIN_NS);
                crossing.receivePages();
                crossing.beginSwitch();
            }
            reached(Step.STATE);
            crossing.admit();
            crossing.awaitSwitch();
        } catch (IOException | RuntimeException e) {
            if (crossing.callOff()) {
                throw e;
            }
            LOG.log(System.Logger.Level.DEBUG, "the guest was ours already", e);
        }
        crossing.note();
        return crossing.figures();
    }

    private boolean precopy() {
        return link.hello().schedule() == Schedule.PRECOPY;
    }

    private boolean sharesPages() {
        return link.hello().schedule().sharesPages();
    }

    /** How the guest crosses: its pages by the stream, its state by the page that vCPU 0 watches. */
    private final class Crossing implements SwitchIn.Moments {
        private final DestinationMemory memory;
        private final PageLedger ledger;
        private final StreamReader stream;
        private final ReceivePlan plan;
        private final PageSteps steps;
        private final SwitchIn in;
        private Message.@Nullable SourceFigures figures;
        private int ends;
        private boolean admitted;
        private int rounds;
        private ScriptedFault fault = ScriptedFault.NONE; // in a rehearsal

        Crossing(DestinationMemory memory, PageLedger ledger) throws IOException {
            this.memory = memory;
            this.ledger = ledger;
            this.stream = link.stream();
            this.plan = ReceivePlan.of(
                    link.hello(),
                    memory.guest().blocks(),
                    memory.sourceFiles(),
                    memory.userfaultfd(),
                    options.moves(),
                    stream,
                    ledger);
            long total = link.hello().guest().blocks().stream()
                    .mapToLong(b -> b.pages())
                    .sum();
            this.steps = new PageSteps(total, DestinationAgent.this::reached);
            long gib = link.hello().guest().ramBytes() >> 30;
            this.in = new SwitchIn(
                    memory.token(),
                    link.hello().ownerEpoch(),
                    SPIN_FIRST_NS,
                    LOCK_TIMEOUT_NS + gib * LOCK_TIMEOUT_NS_PER_GIB,
                    clock,
                    this);
        }

        Message.SourceFigures figures() {
            if (figures == null) {
                throw new IllegalStateException("no END has come");
            }
            return figures;
        }

        /** What is announced, and with a handover all pages. */
        void receiveUntilPrepare() throws IOException {
            FrameHeader header = stream.next();
            while (header.type() != FrameType.PREPARE) {
                if (header.type() == FrameType.EXPECT) {
                    if (link.hello().populate()) {
                        plan.populate(header, stream.body(), memory.guest().blocks(), memory::isOwn);
                    }
                } else if (sharesPages()) {
                    receive(header);
                } else {
                    throw new ProtocolException("a " + header.type() + " frame before PREPARE");
                }
                link.check();
                header = stream.next();
            }
            if (sharesPages() && ends == 0) {
                throw new ProtocolException("a handover whose pages have not ended before PREPARE");
            }
        }

        /** Pages, until the source says that these are all. */
        void receivePages() throws IOException {
            int before = ends;
            while (ends == before) {
                receive(stream.next());
                link.check();
            }
        }

        private void receive(FrameHeader header) throws IOException {
            if (header.type() == FrameType.END) {
                end((Message.End) MessageCodec.decode(header.type(), stream.body()));
                return;
            }
            if (header.type() == FrameType.ROUND && precopy()) {
                round();
                return;
            }
            if (timeline.firstPageNs == 0) {
                timeline.firstPageNs = clock.nanoTime();
                progress.begin(Progress.Phase.PAGES, steps.total());
            }
            ByteBuffer records = stream.body();
            progress.done(steps.add(plan.receive(header, records)));
            // A frame holds records of one block; they have been checked.
            timeline.blockDone(PageRecord.block(records, records.position()), clock.nanoTime());
        }

        /** Everything that the source has sent up to now is here: it may reckon with that. */
        private void round() {
            rounds++;
            if (rounds == 1) {
                reached(Step.ROUND);
            }
            memory.token().page().setRoundsReceived(rounds);
        }

        private void end(Message.End end) throws IOException {
            timeline.pagesDoneNs = clock.nanoTime();
            ledger.close(end.holes());
            if (ends == 0 && link.hello().schedule() != Schedule.POSTCOPY) {
                memory.unregister(); // from now on the kernel maps what may be missing: the same frames
            }
            figures = end.figures();
            if (link.hello().mechanism() == Mechanism.FUSE) {
                fuseEvidence = FuseReceiver.complete(
                        ledger,
                        memory.guest().blocks(),
                        memory.frames(),
                        framesVisible(end.figures()),
                        end.figures().relocatedPages());
                timeline.pagesDoneNs = clock.nanoTime();
            }
            ends++;
            if (sharesPages()) {
                memory.token().page().setRoundsReceived(ends);
            }
            if (admitted) {
                in.received(ends);
            }
        }

        void beginSwitch() throws IOException {
            for (int i = 0; i < REHEARSALS; i++) {
                released();
                locked();
                claimed();
            }
            fault = options.fault();
            transition(DestinationState.DEVICE, "all pages have come");
            progress.begin(Progress.Phase.SWITCHING, 0);
            memory.guest().resumeAfter(in);
        }

        /** Everything that may go wrong here has: from now on vCPU 0 may take the guest. */
        void admit() {
            admitted = true;
            in.received(ends);
        }

        /** vCPU 0 waits for the state; this thread for whatever else may come: pages that were written since, or an end. */
        void awaitSwitch() throws IOException {
            long deadlineNs = clock.nanoTime() + SILENCE_S * 1000 * MS;
            boolean sourceLives = true;
            while (!in.isClaimed()) {
                in.check();
                if (!sourceLives) {
                    LockSupport.parkNanos(MS);
                    cancellation.check();
                } else {
                    sourceLives = attend();
                }
                if (clock.nanoTime() > deadlineNs && sourceLives) {
                    throw new IOException("the source has not handed the guest over within " + SILENCE_S + " s");
                }
            }
            memory.token().wakeWaiters();
        }

        void note() {
            timeline.noticedNs = in.noticedNs();
            timeline.lockedNs = in.lockedNs();
            timeline.claimedNs = in.claimedNs();
        }

        /** A slice of waiting: whether the source lives. If it saved the state before, its death loses nothing. */
        private boolean attend() throws IOException {
            try {
                if (stream.awaitReadable(ATTEND_MS)) {
                    receivePages();
                }
                link.check();
                return true;
            } catch (PeerGoneException e) {
                if (!memory.token().page().isSaved(link.hello().ownerEpoch())) {
                    throw e;
                }
                LOG.log(System.Logger.Level.DEBUG, "the source went after it saved the guest's state", e);
                in.sourceIsGone();
                return false;
            }
        }

        /** Whether the guest is not ours, and will not be. */
        boolean callOff() {
            while (!in.cancel() && !in.isClaimed()) {
                Thread.onSpinWait(); // it is just being claimed
            }
            return !in.isClaimed();
        }

        @Override
        public void released() {
            fault.at(Step.RELEASED, noticed);
        }

        @Override
        public void locked() throws IOException {
            fault.at(Step.LOCKED, noticed);
            cancellation.check(); // the last moment
        }

        @Override
        public void claimed() {
            fault.at(Step.CLAIMED, noticed);
        }
    }

    /** The guest is ours: nothing that goes wrong from here on gives it back. */
    private RunResult runGuest(DestinationMemory memory, PageLedger ledger, Message.SourceFigures figures, boolean ends)
            throws IOException {
        Guest guest = memory.guest();
        SwitchPage page = memory.token().page();
        timeline.firstInstructionNs = guest.awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        transition(DestinationState.COMPLETED, "the guest runs here");
        if (postcopy != null) {
            postcopy.start(); // not before: the first faults have the processors to themselves
        }
        long runningSinceNs = clock.nanoTime();
        long instructions = guest.instructions();
        Timeline.Marks marks = marks(page, guest.config().vcpus());
        PulseWatch pulse = new PulseWatch(guest.pulse(), marks.lastInstructionNs(), timeline.firstInstructionNs);
        timeline.pulse = pulse;
        sendOrLog(new Message.Resumed(memory.token().epoch()));
        reached(Step.RESUMED);
        progress.begin(Progress.Phase.RUNNING, 0);
        if (postcopy != null) {
            timeline.firstBeatNs = guest.firstBeatsNs();
            awaitLastPage(postcopy, memory, ledger, pulse);
        }
        long pss = Proc.proportionalSetBytes(); // holds the address space up: not while pages come
        RunResult.Evidence evidence = fuseEvidence != null
                ? fuseEvidence
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
        RunResult.GuestActivity activity =
                new RunResult.GuestActivity(ranForNs, guest.instructions() - instructions, guest.pagesWritten());
        RunResult.VerificationResult verification = last ? verify(guest) : RunResult.VerificationResult.SKIPPED;
        RunResult result = timeline.result(link.hello(), figures, marks, ledger, evidence, verification, activity);
        sendOrLog(new Message.Completed(pss, ResultJson.write(result)));
        return result;
    }

    private RunResult.VerificationResult verify(Guest guest) throws IOException {
        if (!options.verify()) {
            return RunResult.VerificationResult.SKIPPED;
        }
        progress.begin(Progress.Phase.VERIFYING, 0);
        return RunResult.VerificationResult.of(guest.verify());
    }

    /** The guest runs, and needs neither the source nor, if this fails, the fault server: then the kernel maps the rest. */
    private void awaitLastPage(Postcopy late, DestinationMemory memory, PageLedger ledger, PulseWatch pulse)
            throws IOException {
        while (!late.isDone()) {
            memory.guest().checkVcpus();
            pulse.read(clock.nanoTime());
            LockSupport.parkNanos(MS);
        }
        try {
            PostcopyFigures figures = late.finish();
            timeline.postcopy = Timeline.postcopy(figures, memory.faultLogs());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the kernel maps what is left", e);
        }
        List<RamBlock> blocks = memory.guest().blocks();
        late.settle(ledger, blocks);
        timeline.firstPageNs = late.startNs();
        for (int i = 0; i < blocks.size(); i++) {
            if (blocks.get(i).file() != null) { // private memory has crossed long before
                timeline.blockDone(i, late.doneNs(blocks.get(i)));
            }
        }
    }

    private static boolean framesVisible(Message.SourceFigures figures) {
        return figures.framesVisible() && HostCapabilities.frameNumbersVisible();
    }

    private static Timeline.Marks marks(SwitchPage page, int vcpus) {
        long[] last = new long[vcpus];
        for (int i = 0; i < vcpus; i++) {
            last[i] = page.vcpuLastInstructionNs(i);
        }
        return new Timeline.Marks(last, page.standingNs(), page.savedNs(), page.releasedNs());
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

    private void reached(Step step) {
        options.fault().at(step, noticed);
    }

    private void transition(DestinationState next, String why) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException("destination: " + state + " -> " + next + " (" + why + ")");
        }
        LOG.log(System.Logger.Level.DEBUG, "{0} -> {1}: {2}", state, next, why);
        state = next;
    }
}
