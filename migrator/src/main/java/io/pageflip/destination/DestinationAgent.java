package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.fault.PageSteps;
import io.pageflip.fault.Step;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestState;
import io.pageflip.guest.RunToken;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.transfer.Frames;
import io.pageflip.transfer.PageLedger;
import io.pageflip.transfer.ReceivePlan;
import io.pageflip.transfer.Rehearsal;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/**
 * Takes a guest over from a source, once. One thread calls {@link #run}; {@link Cancellation} and {@link Progress} may be
 * used from others.
 *
 * <pre>
 *   SETUP -> ACTIVE -> DEVICE -> CLAIMING -> COMPLETED: the guest is ours
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
    private static final int EAGER_TRIES = 1000;

    private final DestinationOptions options;
    private final SourceLink link;
    private final boolean kernelMovesGifts;
    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
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
            PageLedger ledger = new PageLedger(link.hello().guest().blocks());
            Arrived arrived;
            try {
                arrived = receive(memory, ledger);
                claim(memory.token());
            } catch (IOException | RuntimeException e) {
                transition(DestinationState.FAILED, String.valueOf(e.getMessage()));
                tellFailure(e);
                throw e;
            }
            return runGuest(memory, ledger, arrived);
        }
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

    /** What came with the guest, for the report. */
    private record Arrived(GuestState guest, Message.SourceFigures figures) {}

    /** Everything up to the lock: the guest is complete and checked when this returns. */
    private Arrived receive(DestinationMemory memory, PageLedger ledger) throws IOException {
        StreamReader stream = link.stream();
        ReceivePlan plan = ReceivePlan.of(
                link.hello(),
                memory.guest().blocks(),
                memory.sourceFiles(),
                memory.userfaultfd(),
                options.moves(),
                stream,
                ledger);
        progress.begin(Progress.Phase.PREPARING, 0);
        if (link.hello().mechanism() == Mechanism.FLIP) {
            Rehearsal.run();
        }
        receiveAnnouncements(memory, plan, stream);
        GuestState guestState = receivePages(plan, stream);
        timeline.pagesDoneNs = clock.nanoTime();
        Message.End end = (Message.End) expect(stream, FrameType.END);
        transition(DestinationState.CLAIMING, "everything has come");
        ledger.close(end.holes());
        memory.unregister();
        checkState(guestState, memory.guest());
        memory.guest().load(guestState);
        timeline.loadedNs = clock.nanoTime();
        reached(Step.STATE);
        awaitReleased(stream);
        return new Arrived(guestState, end.figures());
    }

    private void receiveAnnouncements(DestinationMemory memory, ReceivePlan plan, StreamReader stream)
            throws IOException {
        FrameHeader header = stream.next();
        while (header.type() == FrameType.EXPECT) {
            if (link.hello().populate()) {
                plan.populate(header, stream.body(), memory.guest().blocks(), memory::isOwn);
            }
            link.check();
            header = stream.next();
        }
        if (header.type() != FrameType.PREPARE) {
            throw new ProtocolException("a " + header.type() + " frame before PREPARE");
        }
        long pss = Proc.proportionalSetBytes();
        transition(DestinationState.ACTIVE, "everything announced is done");
        link.limitSilence(SILENCE_S);
        link.send(new Message.Ready(pss));
        stream.expectSoon(SPIN_FIRST_NS, SPIN_NS);
        reached(Step.READY);
    }

    private GuestState receivePages(ReceivePlan plan, StreamReader stream) throws IOException {
        long total =
                link.hello().guest().blocks().stream().mapToLong(b -> b.pages()).sum();
        PageSteps steps = new PageSteps(total, this::reached);
        progress.begin(Progress.Phase.PAGES, total);
        FrameHeader header = stream.next();
        while (header.type() != FrameType.STATE) {
            ByteBuffer records = stream.body();
            progress.done(steps.add(plan.receive(header, records)));
            // A frame holds records of one block; they have been checked.
            timeline.blockDone(PageRecord.block(records, records.position()), clock.nanoTime());
            link.check();
            header = stream.next();
        }
        transition(DestinationState.DEVICE, "all pages have come");
        progress.begin(Progress.Phase.SWITCHING, 0);
        return ((Message.State) MessageCodec.decode(header.type(), stream.body())).guest();
    }

    private static Message expect(StreamReader stream, FrameType type) throws IOException {
        FrameHeader header = stream.next();
        if (header.type() != type) {
            throw new ProtocolException("a " + header.type() + " frame where " + type + " must be");
        }
        return MessageCodec.decode(type, stream.body());
    }

    private static void checkState(GuestState state, Guest guest) throws ProtocolException {
        if (state.vcpus().size() != guest.config().vcpus()) {
            throw new ProtocolException("the state of " + state.vcpus().size() + " vCPUs for a guest with "
                    + guest.config().vcpus());
        }
    }

    /** A source that dies now has lost nothing: everything is here, and its death frees the lock. */
    private void awaitReleased(StreamReader stream) throws IOException {
        try {
            Message.Released released = (Message.Released) expect(stream, FrameType.RELEASED);
            if (released.ownerEpoch() != link.hello().ownerEpoch()) {
                throw new ProtocolException("the source released epoch " + released.ownerEpoch()
                        + " of a guest in epoch " + link.hello().ownerEpoch());
            }
        } catch (PeerGoneException e) {
            LOG.log(System.Logger.Level.DEBUG, "the source went before it released the guest", e);
        }
        reached(Step.RELEASED);
    }

    private void claim(RunToken token) throws IOException {
        long gib = link.hello().guest().ramBytes() >> 30;
        long deadline = clock.nanoTime() + LOCK_TIMEOUT_NS + gib * LOCK_TIMEOUT_NS_PER_GIB;
        int tries = 0;
        while (!token.tryLock()) {
            cancellation.check();
            if (token.epoch() != link.hello().ownerEpoch()) {
                break;
            }
            if (clock.nanoTime() > deadline) {
                throw new IOException("the source has not released the guest: its lock is still held");
            }
            if (++tries > EAGER_TRIES) {
                LockSupport.parkNanos(MS);
            }
        }
        if (token.epoch() != link.hello().ownerEpoch()) {
            throw new IOException("the source has taken the guest back: its owner epoch is " + token.epoch() + ", not "
                    + link.hello().ownerEpoch());
        }
        reached(Step.LOCKED);
        cancellation.check(); // the last moment
        token.claim(link.hello().ownerEpoch() + 1);
        timeline.claimedNs = clock.nanoTime();
    }

    /** The guest is ours: nothing that goes wrong from here on gives it back. */
    private RunResult runGuest(DestinationMemory memory, PageLedger ledger, Arrived arrived) throws IOException {
        reached(Step.CLAIMED);
        Guest guest = memory.guest();
        long written = guest.pagesWritten();
        guest.resume();
        timeline.firstInstructionNs = guest.awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        transition(DestinationState.COMPLETED, "the guest runs here");
        long runningSinceNs = clock.nanoTime();
        long instructions = guest.instructions();
        sendOrLog(new Message.Resumed(memory.token().epoch()));
        reached(Step.RESUMED);
        progress.begin(Progress.Phase.RUNNING, 0);
        long pss = Proc.proportionalSetBytes();
        Message.SourceFigures figures = arrived.figures();
        RunResult.Evidence evidence = Frames.judge(
                ledger,
                guest.blocks(),
                memory.frames(),
                figures.framesVisible() && HostCapabilities.frameNumbersVisible(),
                figures.relocatedPages(),
                kernelMovesGifts);
        watch(runningSinceNs);
        long ranForNs = clock.nanoTime() - runningSinceNs;
        guest.stop();
        guest.checkVcpus();
        RunResult.GuestActivity activity = new RunResult.GuestActivity(
                ranForNs, guest.instructions() - instructions, guest.pagesWritten() - written);
        progress.begin(Progress.Phase.VERIFYING, 0);
        RunResult.VerificationResult verification = options.verify()
                ? RunResult.VerificationResult.of(guest.verify())
                : RunResult.VerificationResult.SKIPPED;
        RunResult result =
                timeline.result(link.hello(), figures, arrived.guest(), ledger, evidence, verification, activity);
        sendOrLog(new Message.Completed(pss, ResultJson.write(result)));
        return result;
    }

    /** The source may be gone: it has nothing to do with the guest any more. */
    private void sendOrLog(Message message) {
        try {
            link.send(message);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the source did not hear " + message.type(), e);
        }
    }

    private void watch(long runningSinceNs) {
        while (clock.nanoTime() - runningSinceNs < options.runAfterNs() && !cancellation.isRequested()) {
            LockSupport.parkNanos(10 * MS);
        }
    }

    private void reached(Step step) {
        options.fault().at(step, cancellation::isRequested);
    }

    private void transition(DestinationState next, String why) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException("destination: " + state + " -> " + next + " (" + why + ")");
        }
        LOG.log(System.Logger.Level.DEBUG, "{0} -> {1}: {2}", state, next, why);
        state = next;
    }
}
