package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Progress;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.SourceGate;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.receive.FuseReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.PageSteps;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.warmup.Warmup;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How one guest crosses, at the destination: its pages by the stream, its state by the page that vCPU 0 watches. Used
 * by the agent's thread.
 */
final class Crossing {
    private static final System.Logger LOG = System.getLogger("pageflip.destination");
    private static final long MS = 1_000_000;

    /** How long a source may be silent once the guest stands still. */
    private static final int SILENCE_S = 30;

    /** The source stops the guest some milliseconds after it has heard READY. */
    private static final long SPIN_FIRST_NS = 20 * MS;

    private static final long SPIN_NS = MS / 5;

    /** As long as a killed source of a GiB may keep the lock: its page tables go first. */
    private static final long LOCK_TIMEOUT_NS = 5_000 * MS;

    private static final long LOCK_TIMEOUT_NS_PER_GIB = 500 * MS;
    private static final int ATTEND_MS = 5;

    /** The agent, as it is told how far this has come. */
    interface Agent {
        void reached(Step step);

        void transition(DestinationState next, String why);
    }

    private final DestinationOptions options;
    private final SourceLink link;
    private final Agent agent;
    private final Timeline timeline;
    private final Cancellation cancellation;
    private final Warmup warmup;
    private final Progress progress;
    private final NanoClock clock;
    private final DestinationMemory memory;
    private final PageLedger ledger;
    private final StreamReader stream;
    private final ReceivePlan plan;
    private final PageSteps steps;
    private final IncomingSwitchover in;
    private Message.@Nullable SourceFigures figures;
    private int ends;
    private boolean admitted;
    private int rounds;

    private @Nullable Postcopy postcopy;
    private @Nullable SourcePages source;

    /** Taken before the guest runs, whose writes copy pages of a private mapping; null with other mechanisms. */
    private @Nullable Evidence fuseEvidence;

    /** @param timeline gets the marks of what happens here */
    Crossing(
            DestinationOptions options,
            SourceLink link,
            DestinationMemory memory,
            PageLedger ledger,
            Timeline timeline,
            Agent agent,
            Cancellation cancellation,
            Progress progress,
            NanoClock clock)
            throws IOException {
        this.options = options;
        this.link = link;
        this.agent = agent;
        this.timeline = timeline;
        this.cancellation = cancellation;
        this.warmup = new Warmup(options.warmUp(), clock);
        this.progress = progress;
        this.clock = clock;
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
        long total =
                link.hello().guest().blocks().stream().mapToLong(b -> b.pages()).sum();
        this.steps = new PageSteps(total, agent::reached);
        long gib = link.hello().guest().ramBytes() >> 30;
        this.in = new IncomingSwitchover(
                new Ownership(memory.token(), link.hello().ownerEpoch()),
                SPIN_FIRST_NS,
                LOCK_TIMEOUT_NS + gib * LOCK_TIMEOUT_NS_PER_GIB,
                clock,
                new TakeOver(options.fault(), cancellation, link::drop));
    }

    /**
     * Everything up to the moment when the guest is ours.
     *
     * @throws IOException if it is not, and will not be
     */
    void run() throws IOException {
        progress.begin(Progress.Phase.PREPARING, 0);
        if (link.hello().mechanism() == Mechanism.FLIP && !announcesAllBeforePause()) {
            warmup.pageLoop();
        }
        if (link.hello().mechanism() == Mechanism.PULL && (link.hello().pullsAfterSwitchover() || precopy())) {
            warmup.postcopyPulls();
        } else if (link.hello().schedule() == Schedule.POSTCOPY) {
            warmup.postcopyFlips();
        }
        warmup.switchover(new TakeOver(ScriptedFault.NONE, new Cancellation(), () -> {}));
        receiveUntilPrepare();
        long pss = Proc.proportionalSetBytes();
        agent.transition(DestinationState.ACTIVE, "everything announced is done");
        link.limitSilence(SILENCE_S);
        if (link.hello().schedule() == Schedule.POSTCOPY) {
            preparePostcopy();
        }
        if (announcesAllBeforePause()) {
            beginSwitchover(); // vCPU 0 is awake and waits when the source hears of it
        }
        timeline.readyNs = clock.nanoTime();
        link.send(new Message.Ready(pss));
        agent.reached(Step.READY);
        try {
            if (!announcesAllBeforePause()) {
                link.stream().expectSoon(SPIN_FIRST_NS, SPIN_NS);
                receivePages();
                if (ledger.hasPostcopyPages() && postcopy == null) {
                    preparePostcopy();
                }
                beginSwitchover();
            }
            agent.reached(Step.STATE);
            admit();
            awaitSwitchover();
        } catch (IOException | RuntimeException e) {
            if (callOff()) {
                throw e;
            }
            LOG.log(System.Logger.Level.DEBUG, "the guest was ours already", e);
        }
        note();
    }

    /** Before the guest is resumed: whoever touches a late page is served from now on. */
    private void preparePostcopy() throws IOException {
        if (link.hello().mechanism() == Mechanism.PULL) {
            List<Long> addresses = link.hello().blocks().stream()
                    .map(Message.Hello.Block::address)
                    .toList();
            SourceGate gate = new SourceGate(link::isConnected);
            SourcePages pages = memory.own(new SourcePages(link.hello().pid(), addresses, memory.sourceFiles(), gate));
            pages.check();
            source = pages;
            memory.token().page().setRecoverTimeoutNs(options.late().recoverTimeoutNs());
            postcopy = memory.preparePulls(ledger, pages, options.late(), clock);
        } else {
            postcopy = memory.prepareFaults(ledger, options.late(), clock);
        }
    }

    private boolean precopy() {
        return link.hello().schedule() == Schedule.PRECOPY;
    }

    private boolean announcesAllBeforePause() {
        return link.hello().schedule().announcesAllBeforePause();
    }

    /** Serves late pages once the guest runs; null if there are none. */
    @Nullable
    Postcopy postcopy() {
        return postcopy;
    }

    /** Where late pages are pulled from; null if they are not. */
    @Nullable
    SourcePages source() {
        return source;
    }

    /** Of pages that came through a FUSE file, else null. */
    @Nullable
    Evidence fuseEvidence() {
        return fuseEvidence;
    }

    Message.SourceFigures figures() {
        if (figures == null) {
            throw new IllegalStateException("no END has come");
        }
        return figures;
    }

    /** What is announced, and with a handover all pages. */
    private void receiveUntilPrepare() throws IOException {
        FrameHeader header = stream.next();
        while (header.type() != FrameType.PREPARE) {
            if (header.type() == FrameType.EXPECT) {
                if (link.hello().populate()) {
                    plan.populate(header, stream.body(), memory.guest().blocks(), memory::isOwn, memory::mapBeforehand);
                }
            } else if (announcesAllBeforePause()) {
                receive(header);
            } else {
                throw new ProtocolException("a " + header.type() + " frame before PREPARE");
            }
            link.check();
            header = stream.next();
        }
        if (announcesAllBeforePause() && ends == 0) {
            throw new ProtocolException("a handover whose pages have not ended before PREPARE");
        }
    }

    /** Pages, until the source says that these are all. */
    private void receivePages() throws IOException {
        int before = ends;
        while (ends == before) {
            receive(stream.next());
            if (ends == before) {
                link.check(); // a source that goes after its END may have saved the state: see attend
            }
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
        if (header.type() == FrameType.POSTCOPY) {
            plan.receive(header, stream.body());
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
    private void round() throws IOException {
        rounds++;
        if (ledger.hasPostcopyPages() && postcopy == null) {
            preparePostcopy(); // the guest still runs at the source; no round brings pages any more
        }
        if (rounds == 1) {
            agent.reached(Step.ROUND);
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
            plan.finish();
            fuseEvidence = FuseReceiver.judge(
                    ledger,
                    memory.guest().blocks(),
                    memory.frames(),
                    end.figures().framesVisible() && HostCapabilities.frameNumbersVisible(),
                    end.figures().relocatedPages());
            timeline.pagesDoneNs = clock.nanoTime();
        }
        ends++;
        if (announcesAllBeforePause()) {
            memory.token().page().setRoundsReceived(ends);
        }
        if (admitted) {
            in.received(ends);
        }
    }

    private void beginSwitchover() {
        agent.transition(DestinationState.DEVICE, "all pages have come");
        progress.begin(Progress.Phase.SWITCHING, 0);
        memory.guest().resumeAfter(in);
    }

    /** Everything that may go wrong here has: from now on vCPU 0 may take the guest. */
    private void admit() {
        admitted = true;
        in.received(ends);
    }

    /** vCPU 0 waits for the state; this thread for whatever else may come: pages that were written since, or an end. */
    private void awaitSwitchover() throws IOException {
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

    private void note() {
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
            // Where pages are still there, its death loses the guest, whoever has it.
            if (source != null || !memory.token().page().isSaved(link.hello().ownerEpoch())) {
                throw e;
            }
            LOG.log(System.Logger.Level.DEBUG, "the source went after it saved the guest's state", e);
            in.sourceIsGone();
            return false;
        }
    }

    /** Whether the guest is not ours, and will not be. */
    private boolean callOff() {
        while (!in.cancel() && !in.isClaimed()) {
            Thread.onSpinWait(); // it is just being claimed
        }
        return !in.isClaimed();
    }
}
