package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.memory.BasePage;
import io.pageflip.metrics.Progress;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.IdlePriority;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.WaitGuard;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.PageSteps;
import io.pageflip.scenario.Step;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.warmup.ScratchSource;
import io.pageflip.warmup.Warmup;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One migration of one guest away from this agent: the objects that every {@link OutgoingSchedule} works with, and the
 * steps that several of them share. Used by the agent's thread; {@link #sendPages} also by the thread that does the
 * switchover.
 */
final class OutgoingMigration {
    private static final long MS = 1_000_000;
    private static final long NS_PER_S = 1000 * MS;
    private static final long GIB = 1L << 30;
    private static final long POLL_NS = 20_000;

    private static final int GO_ON_SLICE_MS = 20;
    private static final int READY_TIMEOUT_S = 60;
    private static final int READY_TIMEOUT_S_PER_GIB = 15;

    private final MigrationRequest request;
    private final SourceMemory memory;
    private final Ownership ownership;
    private final StreamWriter stream;
    private final DestinationLink link;
    private final AgentContext<SourceState> context;
    private final Warmup warmup;
    private final SendPlan plan;
    private final EndMessages ends;
    private final SwitchoverLimit limit;
    private final PageSteps pageSteps;
    private final SendPlan.BatchListener batchSent = this::batchSent; // made here: no lambda while the guest is paused
    private final WaitGuard lastCheck = this::checkLink;
    private volatile @Nullable IOException earlyFailure;
    private volatile boolean isWarm;
    private boolean pagesLeft;
    private long basePagesPerPage = 1;
    private long basePagesSent;
    private long peakPssWhenReady;
    private long pssWhenResumed;

    /**
     * A migration that has not begun.
     *
     * @param ownership of this agent, read before the destination learned of the guest
     */
    OutgoingMigration(
            MigrationRequest request,
            SourceMemory memory,
            Ownership ownership,
            StreamWriter stream,
            DestinationLink link,
            AgentContext<SourceState> context) {
        this.request = request;
        this.memory = memory;
        this.ownership = ownership;
        this.stream = stream;
        this.link = link;
        this.context = context;
        this.warmup = new Warmup(Warmup.Config.of(request.warmUp()), clock());
        this.plan = new SendPlan(request.mechanism(), request.schedule(), request.gifts(), stream);
        this.ends = new EndMessages(stream);
        this.limit = new SwitchoverLimit(request, clock());
        long pages = guest().blocks().stream().mapToLong(b -> b.spec().pages()).sum();
        this.pageSteps = new PageSteps(pages, context::reached);
    }

    MigrationRequest request() {
        return request;
    }

    SourceMemory memory() {
        return memory;
    }

    Guest guest() {
        return memory.guest();
    }

    List<RamBlock> blocks() {
        return guest().blocks();
    }

    Ownership ownership() {
        return ownership;
    }

    StreamWriter stream() {
        return stream;
    }

    DestinationLink link() {
        return link;
    }

    AgentContext<SourceState> context() {
        return context;
    }

    NanoClock clock() {
        return context.clock();
    }

    Progress progress() {
        return context.progress();
    }

    Warmup warmup() {
        return warmup;
    }

    SendPlan plan() {
        return plan;
    }

    EndMessages ends() {
        return ends;
    }

    PageSteps pageSteps() {
        return pageSteps;
    }

    /** Pages of all blocks, each block's own. */
    long pages() {
        return pageSteps.total();
    }

    // Steps of the preparation, in their order.

    /**
     * Warms up the switchover, once. A guest that was made for this migration runs only after that; one that runs loses
     * time to it.
     *
     * @param scratch the schedule's actions while the guest is paused
     */
    void warmUp(ScratchSource scratch) throws IOException {
        if (!isWarm) {
            warmup.switchover(scratch);
            isWarm = true;
        }
    }

    /**
     * Lets a guest that has just begun to run do so undisturbed for a while.
     *
     * @throws IOException also if the destination did something wrong before the guest ran
     */
    void letRun() throws IOException {
        IOException early = earlyFailure;
        if (early != null) {
            throw early;
        }
        long untilNs = clock().nanoTime() + warmup.config().runBeforeNs();
        while (clock().nanoTime() < untilNs) {
            LockSupport.parkNanos(10 * MS);
            link.check();
        }
    }

    /**
     * The link's guard, for the last check before the guest is given away. The warm-up calls the same object as the
     * switchover: another class would cost 30 us at the first call. What the destination does wrong before there is a
     * guest that can go on here, {@link #letRun} throws.
     */
    WaitGuard lastCheck() {
        return lastCheck;
    }

    private void checkLink() throws IOException {
        if (earlyFailure != null) {
            return;
        }
        try {
            link.check();
        } catch (CancelledException e) {
            throw e;
        } catch (IOException e) {
            if (isWarm || guest().isRunning()) {
                throw e;
            }
            earlyFailure = e;
        }
    }

    /** Starts the other processes that have a part of the guest's memory. The migration's time counts from then on. */
    void begin() throws IOException {
        guest().startOthers(context.cancellation()); // not the link's: on Ctrl-C the destination may be gone first
        ends.begin(clock().nanoTime());
    }

    /** Finds the pages that hold data. */
    List<DataMap> scan() throws IOException {
        progress().begin(Progress.Phase.PREPARING, 0);
        List<DataMap> maps = new ArrayList<>();
        for (RamBlock block : blocks()) {
            maps.add(DataMap.scan(block));
        }
        return maps;
    }

    /** Tells the destination which pages will come, so that it can make room for those that are copied. */
    void announce(List<DataMap> maps) throws IOException {
        SendPlan.expect(blocks(), maps, stream);
    }

    /** Records the frame numbers of all pages, as evidence of which pages were moved. */
    void noteFrames() throws IOException {
        if (request.mechanism().moves()) {
            long relocatedPages = Proc.relocatedPages();
            ends.framesNoted(memory.frames().record(blocks()), relocatedPages);
        } else {
            ends.framesNoted(HostCapabilities.frameNumbersVisible(), 0);
        }
    }

    /** Records the frame numbers again: a page that was written may lie in another frame now. */
    void noteFramesAgain() throws IOException {
        if (request.mechanism().moves()) {
            ends.framesNotedAgain(memory.frames().record(blocks()));
        }
    }

    /** Waits until the destination is ready. */
    void awaitReady() throws IOException {
        IdlePriority.lowerCompiler(guest().config().vcpus());
        if (request.schedule() != Schedule.PRECOPY) { // whose rounds are still to come
            pauseBeforeSwitchover();
        }
        long pss = Proc.proportionalSetBytes(); // now: a destination that is ready only waits for the guest
        stream.write(FrameHeader.bodiless(FrameType.PREPARE));
        progress().begin(Progress.Phase.CONNECTING, 0);
        long destinationPss = link.awaitReady(readyTimeoutS());
        peakPssWhenReady = destinationPss == 0 ? 0 : destinationPss + pss;
        context.reached(Step.READY);
    }

    /** How long the destination may take to map or fill all of the guest's memory, in seconds. */
    long readyTimeoutS() {
        return READY_TIMEOUT_S + request.guest().ramBytes() / GIB * READY_TIMEOUT_S_PER_GIB;
    }

    /**
     * Waits until the destination says, in the run token, that it has received {@code round} rounds, or END messages.
     */
    void awaitAcknowledged(int round, long timeoutSeconds) throws IOException {
        long deadlineNs = clock().nanoTime() + timeoutSeconds * NS_PER_S;
        while (memory.token().page().roundsReceived() < round) {
            link.check();
            if (clock().nanoTime() > deadlineNs) {
                throw new IOException(
                        "the destination has not received round " + round + " within " + timeoutSeconds + " s");
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    // Steps of the switchover.

    /** If that was asked for: pauses the guest, and waits until somebody lets the migration go on. */
    void pauseBeforeSwitchover() throws IOException {
        MigrationControl control = context.control();
        if (!control.pausesBeforeSwitchover()) {
            return;
        }
        guest().stop();
        progress().begin(Progress.Phase.PRE_SWITCHOVER, 0);
        try {
            while (!control.awaitGoOn(GO_ON_SLICE_MS)) {
                link.check();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        progress().begin(Progress.Phase.SWITCHING, 0);
    }

    /** Both sides are ready: from here on, a failure concerns a guest that is about to be paused. */
    void beginSwitchover() throws IOException {
        guest().checkVcpus();
        context.transition(SourceState.ACTIVE, "both sides are ready");
    }

    /**
     * The guest is about to be paused, or more is known of what has to cross while it is: from the first call on, time
     * is limited.
     *
     * @param bytesLeft bytes of pages that have to cross while the guest is paused
     */
    void limitSwitchover(long bytesLeft) {
        limit.start(bytesLeft);
        stream.limitBy(limit);
    }

    SwitchoverLimit limit() {
        return limit;
    }

    /** Bytes of the data that {@code maps} find. */
    long dataBytes(List<DataMap> maps) {
        long bytes = 0;
        for (int i = 0; i < maps.size(); i++) {
            bytes += maps.get(i).pages().cardinality() * blocks().get(i).spec().pageBytes();
        }
        return bytes;
    }

    /** Makes the switchover of a guest that is paused, or will be. */
    OutgoingSwitchover switchover(OutgoingSwitchover.Moments moments) {
        return new OutgoingSwitchover(guest(), ownership, clock(), moments);
    }

    /** The source's part of the switchover is over: either agent may own the guest now. */
    void endSwitchover() {
        context.transition(SourceState.RELEASED, "the lock is free");
    }

    /** Says that pages will cross now. */
    void beginPages() {
        progress().begin(Progress.Phase.PAGES, guest().config().totalBytes() / BasePage.BYTES);
    }

    /** Sends all pages that hold data. */
    void sendPages(List<DataMap> maps) throws IOException {
        for (int i = 0; i < maps.size(); i++) {
            basePagesPerPage = blocks().get(i).spec().pageBytes() / BasePage.BYTES;
            plan.sendBlock(i, blocks().get(i), maps.get(i), request.batchPages(), batchSent);
        }
    }

    private void batchSent(int pages) throws IOException {
        pagesLeft = true;
        pageSteps.add(pages);
        basePagesSent += pages * basePagesPerPage;
        progress().done(basePagesSent);
        progress().transferred(stream.transferredBytes());
        link.check();
    }

    /** Says that pages were sent: if the kernel moves gifts, they may be gone from here. */
    void pagesHaveLeft() {
        pagesLeft = true;
    }

    /** Whether pages were sent that may be gone from here. */
    boolean havePagesLeft() {
        return pagesLeft;
    }

    /** For each block, how many pages are not sent because they hold nothing. */
    static List<Long> holes(List<DataMap> maps) {
        List<Long> holes = new ArrayList<>();
        for (DataMap map : maps) {
            holes.add(map.holes());
        }
        return holes;
    }

    // Steps after the switchover.

    /**
     * Waits until the guest runs at the destination. For schedules in which the destination then needs no more pages.
     */
    void awaitResumed() throws IOException {
        link.awaitResumed();
        progress().begin(Progress.Phase.RUNNING, 0);
        context.reached(Step.RESUMED);
    }

    /** Measures this agent's memory, now that the guest runs at the destination. */
    void measureWhenResumed() throws IOException {
        pssWhenResumed = Proc.proportionalSetBytes();
    }

    /**
     * The most memory that both agents had together, in bytes; 0 if the destination did not say.
     *
     * @param destinationPss the destination's proportional set size in the end, in bytes
     */
    long peakPss(long destinationPss) {
        return pssWhenResumed == 0 ? peakPssWhenReady : Math.max(peakPssWhenReady, pssWhenResumed + destinationPss);
    }
}
