package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.FuseResult;
import io.pageflip.metrics.Precopy;
import io.pageflip.metrics.Progress;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Adoption;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.PageSteps;
import io.pageflip.scenario.Step;
import io.pageflip.send.FuseExport;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.warmup.Warmup;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How one guest crosses, at the source: what is done while it runs, and what while it stands. Used by the agent's
 * thread, but for the {@link OutgoingSwitchover.Moments} of a handover, which come on a vCPU's.
 */
final class Crossing implements OutgoingSwitchover.Moments, AutoCloseable {
    private static final long MS = 1_000_000;
    private static final long GIB = 1L << 30;

    /**
     * Until the other threads that had to do with READY sleep, and vCPUs of both sides have processors of their own.
     */
    private static final long SETTLE_NS = 2 * MS;

    /** How often it is looked for such a moment: a guest that writes without a pause has none. */
    private static final int MOST_LOOKS = 20;

    private static final int READY_TIMEOUT_S = 60;
    private static final int READY_TIMEOUT_S_PER_GIB = 15;

    private final SourceOptions options;
    private final DestinationLink link;
    private final AgentContext<SourceState> agent;
    private final Warmup warmup;
    private final Progress progress;
    private final NanoClock clock;
    private final Ownership ownership;
    private final @Nullable Adoption adoption;
    private final Guest guest;
    private final SourceMemory memory;
    private final StreamWriter stream;
    private final SendPlan plan;
    private final List<DataMap> maps = new ArrayList<>();
    private final PageSteps steps;
    private final @Nullable PrecopyRounds rounds;
    private final @Nullable FuseExport export;
    private @Nullable EndMessages ends;
    private @Nullable PausedHandover pausedHandover;
    private boolean pagesStay;
    private boolean pagesLeft;
    private @Nullable Userfaultfd userfaultfd;
    private @Nullable EarlyCopies earlyCopies;
    private long startNs;
    private boolean framesVisible;
    private long relocatedPages;
    private long peakPssWhenReady;

    /** @param adoption of private RAM, to be done first; null for none */
    Crossing(
            SourceOptions options,
            SourceMemory memory,
            Ownership ownership,
            @Nullable Adoption adoption,
            StreamWriter stream,
            DestinationLink link,
            AgentContext<SourceState> agent) {
        this.options = options;
        this.link = link;
        this.agent = agent;
        this.progress = agent.progress();
        this.clock = agent.clock();
        this.warmup = new Warmup(options.warmUp(), clock);
        this.adoption = adoption;
        this.ownership = ownership;
        this.guest = memory.guest();
        this.memory = memory;
        this.export = memory.export();
        this.stream = stream;
        this.plan = new SendPlan(options.mechanism(), options.schedule(), options.gifts(), stream);
        long total = guest.blocks().stream().mapToLong(b -> b.spec().pages()).sum();
        this.steps = new PageSteps(total, agent::reached);
        this.rounds = options.schedule() == Schedule.PRECOPY
                ? new PrecopyRounds(guest, memory.token().page(), stream, options, link, clock)
                : null;
    }

    private boolean announcesAllBeforePause() {
        return options.schedule().announcesAllBeforePause();
    }

    private boolean pullsAfterSwitchover() {
        return options.mechanism() == Mechanism.PULL && options.schedule() == Schedule.POSTCOPY;
    }

    /** Whether the destination needs pages from here after the switch. */
    boolean pagesStay() {
        return pagesStay;
    }

    void prepare(long runningSinceNs) throws IOException {
        guest.startOthers(agent.cancellation()); // not the link's: on Ctrl-C the destination may be gone first
        startNs = clock.nanoTime();
        if (adoption != null) {
            adopt(adoption);
        }
        progress.begin(Progress.Phase.PREPARING, 0);
        for (RamBlock block : guest.blocks()) {
            maps.add(DataMap.scan(block));
        }
        if (!pullsAfterSwitchover()) {
            SendPlan.expect(guest.blocks(), maps, stream);
        }
        if (export != null) {
            export.writeBack();
        }
        if (options.mechanism().moves()) {
            relocatedPages = Proc.relocatedPages();
            framesVisible = memory.frames().record(guest.blocks());
        } else {
            framesVisible = HostCapabilities.frameNumbersVisible();
        }
        if (pullsAfterSwitchover()) {
            tellAllLate();
            sendEnd();
        } else if (announcesAllBeforePause()) {
            earlyCopies = new EarlyCopies(guest);
            sendPages();
            sendEnd();
            pausedHandover = new PausedHandover(earlyCopies, plan, requireEnds(), holes(), agent, link);
            // Pages that both map count half for each: not before the destination does.
            if (link.reports()) {
                RoundAcknowledgement.await(memory.token().page(), 1, link, clock, readyTimeoutS());
            }
        } else if (options.mechanism() == Mechanism.FLIP) {
            userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_MINOR_HUGETLBFS);
            warmup.pageLoop();
        }
        warmup.switchover(this::onScratch);
        awaitRunBefore(runningSinceNs);
        long pss = Proc.proportionalSetBytes(); // now: once it is ready, the destination does nothing but wait
        stream.write(FrameHeader.bodiless(FrameType.PREPARE));
        progress.begin(Progress.Phase.CONNECTING, 0);
        long destinationPss = link.awaitReady(readyTimeoutS());
        peakPssWhenReady = destinationPss == 0 ? 0 : destinationPss + pss;
        agent.reached(Step.READY);
    }

    private long readyTimeoutS() {
        return READY_TIMEOUT_S + options.guest().ramBytes() / GIB * READY_TIMEOUT_S_PER_GIB;
    }

    private void adopt(Adoption adopting) throws IOException {
        progress.begin(
                Progress.Phase.ADOPTING,
                guest.blocks().get(GuestConfig.RAM).spec().pages());
        adopting.run(pages -> {
            progress.done(pages);
            link.check();
        });
    }

    /** Every page stays here for now; which of them hold data, whoever reads them finds out when the guest stands. */
    private void tellAllLate() throws IOException {
        for (int i = 0; i < guest.blocks().size(); i++) {
            PageBitmap all = new PageBitmap(guest.blocks().get(i).spec().pages());
            all.add(0, all.pages());
            plan.announcePostcopyPages(i, all);
        }
        pagesStay = true;
    }

    /** What a handover does while the guest is paused, for a scratch guest. */
    private OutgoingSwitchover.Moments onScratch(Guest scratch, StreamWriter into) throws IOException {
        return new PausedHandover(
                new EarlyCopies(scratch),
                new SendPlan(options.mechanism(), options.schedule(), options.gifts(), into),
                new EndMessages(into, clock.nanoTime(), framesVisible, relocatedPages),
                holes(),
                AgentContext.scratch("source", SourceState.STARTING, clock),
                link);
    }

    private void awaitRunBefore(long runningSinceNs) throws IOException {
        while (clock.nanoTime() - runningSinceNs < options.warmUp().runBeforeNs()) {
            LockSupport.parkNanos(10 * MS);
            link.check();
        }
    }

    /** Stops the guest and lets it go: when this returns, it is whoever's takes the lock. */
    void switchOver() throws IOException {
        guest.checkVcpus();
        agent.transition(SourceState.ACTIVE, "both sides are ready");
        OutgoingSwitchover out = new OutgoingSwitchover(guest, ownership, clock, this);
        if (announcesAllBeforePause()) {
            agent.transition(SourceState.DEVICE, "every page has been told of");
            progress.begin(Progress.Phase.SWITCHING, 0);
            settle();
            link.check();
            guest.stop(out);
        } else if (rounds != null) {
            runRounds(rounds);
            guest.stop();
            guest.throttle(0); // if it is taken back, it runs as before
            out.run();
        } else {
            guest.stop();
            if (export != null) {
                export.release();
            }
            for (int i = 0; i < maps.size(); i++) {
                RamBlock block = guest.blocks().get(i);
                maps.set(i, maps.get(i).refresh(block));
                if (userfaultfd != null
                        && options.gifts()
                        && block.spec().backing().shareable()) {
                    block.registerMinor(userfaultfd);
                }
            }
            out.run();
        }
        agent.transition(SourceState.RELEASED, "the lock is free");
    }

    /**
     * A guest with a sharer also to a moment when it has written nothing that would have to go again, if there is one.
     */
    private void settle() throws IOException {
        int looks = options.scenario().sharerPercent() > 0 ? MOST_LOOKS : 0;
        LockSupport.parkNanos(SETTLE_NS);
        for (int before = -1; looks > 0 && requireEnds().sent() != before; looks--) {
            before = requireEnds().sent();
            paused(); // not yet, but what it finds would have to go anyway
            if (requireEnds().sent() != before) {
                RoundAcknowledgement.await(memory.token().page(), requireEnds().sent(), link, clock, readyTimeoutS());
                LockSupport.parkNanos(SETTLE_NS);
            }
        }
    }

    @Override
    public void dryRun() throws IOException {
        if (earlyCopies != null) {
            earlyCopies.isEmpty();
        }
    }

    @Override
    public int paused() throws IOException {
        if (rounds != null && rounds.endsInPostcopy()) {
            pagesStay = true;
            rounds.tellRest(plan);
            agent.transition(SourceState.DEVICE, "all pages that are left have been told of");
            sendEnd();
        } else if (rounds != null) {
            SendPlan.BatchListener sent = count -> {
                pagesLeft = true;
                link.check();
            };
            rounds.sendRest(plan, sent);
            agent.transition(SourceState.DEVICE, "all pages are sent");
            sendEnd();
        } else if (!announcesAllBeforePause()) {
            sendPages();
            agent.transition(SourceState.DEVICE, "all pages are sent");
            sendEnd();
        } else if (pausedHandover != null) {
            return pausedHandover.paused();
        }
        return requireEnds().sent();
    }

    @Override
    public void saved() throws IOException {
        agent.reached(Step.STATE);
        link.check();
    }

    private void runRounds(PrecopyRounds running) throws IOException {
        running.run(new PrecopyRounds.Listener() {
            private long sentPages;

            @Override
            public void begins(long pages) {
                sentPages = 0;
                progress.begin(Progress.Phase.PAGES, pages);
            }

            @Override
            public void sent(int pages) {
                sentPages += pages;
                progress.done(sentPages);
                steps.add(pages);
            }

            @Override
            public void received(int round) {
                if (round == 1) {
                    agent.reached(Step.ROUND);
                }
            }
        });
        if (options.mechanism().moves()) {
            framesVisible = memory.frames().record(guest.blocks()); // a page that was written may lie elsewhere now
        }
    }

    @Nullable
    FuseResult fuse() {
        return export == null ? null : export.figures();
    }

    @Nullable
    Precopy report() {
        return rounds == null ? null : rounds.report();
    }

    private void sendPages() throws IOException {
        progress.begin(Progress.Phase.PAGES, steps.total());
        SendPlan.BatchListener sent = count -> {
            pagesLeft = true;
            progress.done(steps.add(count));
            link.check();
        };
        for (int i = 0; i < maps.size(); i++) {
            plan.sendBlock(i, guest.blocks().get(i), maps.get(i), options.batchPages(), sent);
        }
    }

    private void sendEnd() throws IOException {
        EndMessages told = ends;
        if (told == null) {
            told = new EndMessages(stream, startNs, framesVisible, relocatedPages);
            ends = told;
        }
        told.send(holes());
    }

    private EndMessages requireEnds() {
        if (ends == null) {
            throw new IllegalStateException("no END has been sent");
        }
        return ends;
    }

    private List<Long> holes() {
        if (rounds != null) {
            return rounds.holes();
        }
        List<Long> holes = new ArrayList<>();
        for (DataMap map : maps) {
            holes.add(pagesStay ? 0 : map.holes());
        }
        return holes;
    }

    /** The guest runs at the destination: lets every page of the shared blocks go, in batches. */
    void giveUp() throws IOException {
        for (int i = 0; i < maps.size(); i++) {
            RamBlock block = guest.blocks().get(i);
            if (options.mechanism() == Mechanism.FLIP
                    && announcesAllBeforePause()
                    && block.spec().backing().shareable()) {
                long pageBytes = block.spec().pageBytes();
                for (long first = 0; first < block.spec().pages(); first += options.batchPages()) {
                    long count = Math.min(options.batchPages(), block.spec().pages() - first);
                    block.mapping().dropEntries(first * pageBytes, count * pageBytes);
                }
            }
        }
    }

    /** Whether pages may be gone from here. */
    boolean pagesLeft() {
        return pagesLeft;
    }

    /** Sum of both agents' PSS when the destination was ready; 0 if it did not say. */
    long peakPssWhenReady() {
        return peakPssWhenReady;
    }

    /** Ends what watches the running guest: nothing of it is sent any more. */
    void endWatching() {
        if (rounds != null) {
            rounds.close();
        }
        if (earlyCopies != null) {
            earlyCopies.close();
            earlyCopies = null;
        }
    }

    /** Unregisters, wakes, and so takes every flipped page back, if the guest was not given away. */
    @Override
    public void close() {
        endWatching();
        Userfaultfd open = userfaultfd;
        if (open != null) {
            userfaultfd = null;
            open.close();
        }
    }
}
