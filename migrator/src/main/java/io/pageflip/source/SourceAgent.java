package io.pageflip.source;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.fault.PageSteps;
import io.pageflip.fault.ScriptedFault;
import io.pageflip.fault.Step;
import io.pageflip.guest.Adoption;
import io.pageflip.guest.Backing;
import io.pageflip.guest.BlockSpec;
import io.pageflip.guest.DataMap;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.RamBlock;
import io.pageflip.guest.SwitchOut;
import io.pageflip.guest.SwitchRehearsal;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Precopy;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Userfaultfd;
import io.pageflip.transfer.FuseExport;
import io.pageflip.transfer.Rehearsal;
import io.pageflip.transfer.SendPlan;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
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
    private static final long GIB = 1L << 30;

    /** The guest is at work, and its code compiled, before it is stopped. */
    private static final long RUN_BEFORE_NS = 300 * MS;

    /** Until the other threads that had to do with READY sleep, and vCPUs of both sides have processors of their own. */
    private static final long SETTLE_NS = 2 * MS;

    /** How often it is looked for such a moment: a guest that writes without a pause has none. */
    private static final int MOST_LOOKS = 20;

    /** C1 compiles a method after 200 calls. */
    private static final int REHEARSALS = 300;

    private static final int READY_TIMEOUT_S = 60;
    private static final int READY_TIMEOUT_S_PER_GIB = 15;
    private static final int FIRST_INSTRUCTION_TIMEOUT_S = 10;

    private final SourceOptions options;
    private final DestinationLink link;
    private final Cancellation cancellation;
    private final Progress progress;
    private final NanoClock clock;
    private final BooleanSupplier noticed;
    private SourceState state = SourceState.STARTING;

    private final boolean kernelMovesGifts;
    private boolean pagesLeft;
    private int ownEpoch;
    private @Nullable Userfaultfd userfaultfd;
    private long startNs;
    private @Nullable Adoption adoption;
    private @Nullable EarlyCopies earlyCopies;
    private boolean framesVisible;
    private long relocatedPages;
    private long peakPssWhenReady;

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
        this.noticed = cancellation::isRequested;
        this.progress = progress;
        this.clock = clock;
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
        RamBlock block = ram && options.adopts() ? RamBlock.createPrivate(spec) : RamBlock.create(spec);
        PageBitmap shared = ram ? options.guest().shared() : null;
        if (shared != null) {
            block.share(shared);
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
            try {
                RunResult result = migrate(memory);
                return adoption == null ? result : result.withAdopt(adoption.figures());
            } finally {
                releaseUserfaultfd();
            }
        }
    }

    private RunResult migrate(SourceMemory memory) throws IOException {
        Guest guest = memory.guest();
        boolean runs = guest.isRunning();
        ownEpoch = memory.token().epoch();
        memory.token().page().setRoundsReceived(0); // of an earlier migration of this guest
        StreamWriter stream;
        try {
            stream = link.greet(memory.hello(options, populates()), memory.files());
            reached(Step.HELLO);
        } catch (IOException | RuntimeException e) {
            if (runs) {
                return takeBack(memory, e);
            }
            throw e;
        }
        if (!runs) {
            progress.begin(Progress.Phase.FILLING, options.guest().ramBytes() / 4096);
            guest.powerOn(done -> {
                progress.done(done);
                throwIfCancelled();
            });
            if (options.adopts()) {
                adoption = guest.adoption(options.adoptChunkBytes());
            }
            guest.resume();
        }
        long runningSinceNs = runs ? clock.nanoTime() - RUN_BEFORE_NS : clock.nanoTime();
        Crossing crossing = new Crossing(memory, stream);
        try {
            transition(SourceState.SETUP, "the guest runs");
            crossing.prepare(runningSinceNs);
            crossing.switchOver();
        } catch (IOException | RuntimeException e) {
            crossing.endRounds();
            return takeBack(memory, e).withPrecopy(crossing.report());
        } finally {
            closeEarlyCopies();
        }
        crossing.endRounds();
        return awaitTaken(memory, crossing);
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

    /** How the guest crosses: what is done while it runs, and what while it stands. */
    private final class Crossing implements SwitchOut.Moments {
        private final Guest guest;
        private final SourceMemory memory;
        private final StreamWriter stream;
        private final SendPlan plan;
        private final List<DataMap> maps = new ArrayList<>();
        private final PageSteps steps;
        private final @Nullable PrecopyRounds rounds;
        private final @Nullable FuseExport export;
        private int ends;
        private ScriptedFault fault = ScriptedFault.NONE; // in a rehearsal

        Crossing(SourceMemory memory, StreamWriter stream) {
            this.guest = memory.guest();
            this.memory = memory;
            this.export = memory.export();
            this.stream = stream;
            this.plan = new SendPlan(options.mechanism(), options.schedule(), options.gifts(), stream);
            long total =
                    guest.blocks().stream().mapToLong(b -> b.spec().pages()).sum();
            this.steps = new PageSteps(total, SourceAgent.this::reached);
            this.rounds = options.schedule() == Schedule.PRECOPY
                    ? new PrecopyRounds(guest, memory.token().page(), stream, options, link, clock)
                    : null;
        }

        private boolean sharesPages() {
            return options.schedule().sharesPages();
        }

        void prepare(long runningSinceNs) throws IOException {
            guest.startSharer();
            startNs = clock.nanoTime();
            if (adoption != null) {
                adopt(adoption);
            }
            progress.begin(Progress.Phase.PREPARING, 0);
            for (RamBlock block : guest.blocks()) {
                maps.add(DataMap.scan(block));
            }
            SendPlan.expect(guest.blocks(), maps, stream);
            if (export != null) {
                export.writeBack();
            }
            if (options.mechanism().moves()) {
                relocatedPages = Proc.relocatedPages();
                framesVisible = memory.frames().note(guest.blocks());
            } else {
                framesVisible = HostCapabilities.frameNumbersVisible();
            }
            if (sharesPages()) {
                earlyCopies = new EarlyCopies(guest);
                sendPages();
                sendEnd();
                rehearse();
                // Pages that both map count half for each: not before the destination does.
                Received.await(memory.token().page(), 1, link, clock, readyTimeoutS());
            } else if (options.mechanism() == Mechanism.FLIP) {
                userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_MINOR_HUGETLBFS);
                Rehearsal.run();
            }
            SwitchRehearsal.run();
            awaitRunBefore(runningSinceNs);
            long pss = Proc.proportionalSetBytes(); // now: once it is ready, the destination does nothing but wait
            stream.write(FrameHeader.bodiless(FrameType.PREPARE));
            progress.begin(Progress.Phase.CONNECTING, 0);
            long destinationPss = link.awaitReady(readyTimeoutS());
            peakPssWhenReady = destinationPss == 0 ? 0 : destinationPss + pss;
            reached(Step.READY);
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

        /** What happens while the guest stands, done while it runs: what it finds to send again would have to go anyway. */
        private void rehearse() throws IOException {
            for (int i = 0; i < REHEARSALS; i++) {
                standing();
                saved();
            }
        }

        private void awaitRunBefore(long runningSinceNs) throws IOException {
            while (clock.nanoTime() - runningSinceNs < RUN_BEFORE_NS) {
                LockSupport.parkNanos(10 * MS);
                link.check();
            }
        }

        /** Stops the guest and lets it go: when this returns, it is whoever's takes the lock. */
        void switchOver() throws IOException {
            guest.checkVcpus();
            transition(SourceState.ACTIVE, "both sides are ready");
            fault = options.fault();
            SwitchOut out = new SwitchOut(guest, memory.token(), ownEpoch, clock, this);
            if (sharesPages()) {
                transition(SourceState.DEVICE, "every page has been told of");
                progress.begin(Progress.Phase.SWITCHING, 0);
                settle();
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
            transition(SourceState.RELEASED, "the lock is free");
        }

        /** A guest with a sharer also to a moment when it has written nothing that would have to go again, if there is one. */
        private void settle() throws IOException {
            int looks = guest.config().sharerPercent() > 0 ? MOST_LOOKS : 0;
            LockSupport.parkNanos(SETTLE_NS);
            for (int before = -1; looks > 0 && ends != before; looks--) {
                before = ends;
                standing(); // not yet, but what it finds would have to go anyway
                if (ends != before) {
                    Received.await(memory.token().page(), ends, link, clock, readyTimeoutS());
                    LockSupport.parkNanos(SETTLE_NS);
                }
            }
        }

        @Override
        public int standing() throws IOException {
            if (rounds != null) {
                SendPlan.BatchListener sent = count -> {
                    pagesLeft = true;
                    link.check();
                };
                rounds.sendRest(plan, sent);
                transition(SourceState.DEVICE, "all pages are sent");
                sendEnd();
            } else if (!sharesPages()) {
                sendPages();
                transition(SourceState.DEVICE, "all pages are sent");
                sendEnd();
            } else if (earlyCopies != null && earlyCopies.resend(plan)) {
                sendEnd();
            }
            return ends;
        }

        @Override
        public void saved() throws IOException {
            fault.at(Step.STATE, noticed);
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
                        reached(Step.ROUND);
                    }
                }
            });
            if (options.mechanism().moves()) {
                framesVisible = memory.frames().note(guest.blocks()); // a page that was written may lie elsewhere now
            }
        }

        RunResult.@Nullable FuseResult fuse() {
            return export == null ? null : export.figures();
        }

        void endRounds() {
            if (rounds != null) {
                rounds.close();
            }
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
            Message.SourceFigures figures =
                    new Message.SourceFigures(startNs, stream.transferredBytes(), framesVisible, relocatedPages);
            List<Long> holes = new ArrayList<>();
            if (rounds != null) {
                holes = rounds.holes();
            } else {
                for (DataMap map : maps) {
                    holes.add(map.holes());
                }
            }
            stream.write(MessageCodec.encode(new Message.End(holes, figures)));
            ends++;
        }

        /** The guest runs at the destination: lets every page of the shared blocks go, in batches. */
        void giveUp() throws IOException {
            for (int i = 0; i < maps.size(); i++) {
                RamBlock block = guest.blocks().get(i);
                if (sharesPages() && block.spec().backing().shareable()) {
                    long pageBytes = block.spec().pageBytes();
                    for (long first = 0; first < block.spec().pages(); first += options.batchPages()) {
                        long count = Math.min(options.batchPages(), block.spec().pages() - first);
                        block.mapping().dropEntries(first * pageBytes, count * pageBytes);
                    }
                }
            }
        }
    }

    /** The lock is released: either the destination's epoch appears, or the destination is gone and the lock ours again. */
    private RunResult awaitTaken(SourceMemory memory, Crossing crossing) throws IOException {
        TokenWait wait = new TokenWait(
                memory.token(), ownEpoch, link, clock, options.guest().ramBytes());
        IOException reason;
        try {
            reached(Step.RELEASED);
            reason = wait.awaitTaken();
        } catch (IOException e) {
            reason = wait.settle(e); // a destination that could not be told may have taken the guest all the same
        }
        if (reason != null) {
            return takeBack(memory, reason);
        }
        transition(SourceState.COMPLETED, "the destination has stored its epoch");
        try {
            return handedOver(memory, crossing);
        } catch (IOException e) {
            boolean dead = wait.ownerIsDead();
            if (!dead) {
                return RunResult.ended(
                        MigrationStatus.COMPLETED,
                        "destination",
                        null,
                        new RunResult.Failure(
                                "no-report",
                                "the guest is at the destination, whose report did not come: " + e.getMessage()));
            }
            transition(SourceState.LOST, "the destination died after it took the guest");
            return RunResult.ended(
                    MigrationStatus.LOST,
                    "nobody",
                    null,
                    new RunResult.Failure(
                            "guest-lost",
                            "the guest is lost: the destination took it and died (" + e.getMessage() + ")"));
        }
    }

    private RunResult handedOver(SourceMemory memory, Crossing crossing) throws IOException {
        link.awaitResumed();
        progress.begin(Progress.Phase.RUNNING, 0);
        reached(Step.RESUMED);
        // Where pages stay shared, the destination's share grows while ours goes: sums of later looks would count pages
        // twice.
        long pssWhenResumed = options.schedule().sharesPages() ? 0 : Proc.proportionalSetBytes();
        releaseUserfaultfd();
        memory.endExport();
        crossing.giveUp();
        memory.guest().close(); // it is the destination's, whose own descriptors keep alive what it needs
        Message.Completed completed = link.awaitCompleted();
        if (completed == null) {
            return RunResult.ended(MigrationStatus.COMPLETED, "destination", null, null);
        }
        RunResult result = ResultJson.MAPPER.readValue(completed.json(), RunResult.class);
        return result.withPeakPss(
                        pssWhenResumed == 0
                                ? peakPssWhenReady
                                : Math.max(peakPssWhenReady, pssWhenResumed + completed.pssBytes()))
                .withPrecopy(crossing.report())
                .withFuse(crossing.fuse());
    }

    /** The migration has failed, and the epoch is still ours: the guest goes on here. */
    private RunResult takeBack(SourceMemory memory, Exception reason) throws IOException {
        LOG.log(System.Logger.Level.DEBUG, "taking the guest back", reason);
        link.cancel(describe(reason));
        boolean stood = !memory.guest().isRunning();
        if (stood && pagesLeft && options.mechanism() == Mechanism.GIFT && options.gifts() && kernelMovesGifts) {
            transition(SourceState.LOST, describe(reason));
            return RunResult.ended(
                    MigrationStatus.LOST,
                    "nobody",
                    null,
                    new RunResult.Failure(
                            "guest-lost",
                            "the guest is lost: its gifted pages had left for good when the migration failed: "
                                    + describe(reason)));
        }
        transition(SourceState.FAILED, describe(reason));
        if (stood) {
            // A destination that comes late, or wakes up, finds another epoch than the one it was promised.
            memory.token().claim(ownEpoch + 1);
            releaseUserfaultfd();
            memory.endExport(); // pages that have moved are on the disk
            memory.guest().resume();
            memory.guest().awaitFirstInstructions(FIRST_INSTRUCTION_TIMEOUT_S * 1000 * MS);
        }
        boolean cancelled = reason instanceof CancelledException || reason instanceof NotConvergedException;
        RunResult.VerificationResult verification = watchAndVerify(memory.guest());
        return RunResult.ended(
                cancelled ? MigrationStatus.CANCELLED : MigrationStatus.FAILED,
                "source",
                verification,
                new RunResult.Failure(failureKind(reason, cancelled), describe(reason)));
    }

    private static String failureKind(Exception reason, boolean cancelled) {
        if (reason instanceof NotConvergedException) {
            return RunResult.Failure.NOT_CONVERGED;
        }
        if (reason instanceof HostLacksException) {
            return RunResult.Failure.HOST_LACKS;
        }
        return cancelled ? "cancelled" : "migration-failed";
    }

    private RunResult.VerificationResult watchAndVerify(Guest guest) throws IOException {
        progress.begin(Progress.Phase.RUNNING, 0);
        long untilNs = clock.nanoTime() + options.runAfterNs();
        while (clock.nanoTime() < untilNs && !cancellation.isRequested()) {
            LockSupport.parkNanos(10 * MS);
        }
        guest.stop();
        guest.checkVcpus();
        if (!options.verify()) {
            return RunResult.VerificationResult.SKIPPED;
        }
        progress.begin(Progress.Phase.VERIFYING, 0);
        return RunResult.VerificationResult.of(guest.verify());
    }

    private static String describe(Exception reason) {
        String message = reason.getMessage();
        return message == null || reason instanceof RuntimeException ? reason.toString() : message;
    }

    private void closeEarlyCopies() {
        if (earlyCopies != null) {
            earlyCopies.close();
            earlyCopies = null;
        }
    }

    private void releaseUserfaultfd() {
        Userfaultfd open = userfaultfd;
        if (open != null) {
            userfaultfd = null;
            open.close(); // unregisters, wakes, and so takes every gifted page back
        }
    }

    private void reached(Step step) {
        options.fault().at(step, noticed);
    }

    private void transition(SourceState next, String why) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException("source: " + state + " -> " + next + " (" + why + ")");
        }
        LOG.log(System.Logger.Level.DEBUG, "{0} -> {1}: {2}", state, next, why);
        state = next;
    }
}
