package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.PostcopyResult;
import io.pageflip.metrics.SliceLog;
import io.pageflip.metrics.Trace;
import io.pageflip.os.TimeNamespace;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The destination's readings of CLOCK_MONOTONIC, in nanoseconds, and the result that is computed from them and from the
 * source's readings.
 */
final class Timeline {
    private static final double NS_PER_S = 1e9;
    private static final long NS_PER_MS = 1_000_000;
    private static final int MAX_BLOCKS = 16;

    /** The report has to fit into one message. */
    private static final int MOST_WAITS = 4 * Trace.Slices.MOST;

    /** No migration takes longer: a day. */
    private static final long LONGEST_NS = 86_400_000_000_000L;

    /**
     * The source's readings of the same clock.
     *
     * @param lastInstructionNs when each vCPU executed its last instruction
     * @param guestPausedNs when all vCPUs were paused
     * @param savedNs when the state was in the switchover page
     * @param releasedNs when the lock was free
     * @param dryRunNs how long a vCPU executed nothing, for the dry run; 0 if none did
     */
    @SuppressWarnings("ArrayRecordComponent") // made once, read once
    record Marks(long[] lastInstructionNs, long guestPausedNs, long savedNs, long releasedNs, long dryRunNs) {
        /**
         * Refuses readings that no clock of this host can have shown.
         *
         * @param claimedNs when this agent took the guest, by its own clock
         */
        void check(long claimedNs) throws ProtocolException {
            for (long mark : lastInstructionNs) {
                checkClock(mark, claimedNs);
            }
            checkClock(guestPausedNs, claimedNs);
            checkClock(savedNs, claimedNs);
            checkClock(releasedNs, claimedNs);
            if (dryRunNs < 0 || dryRunNs > LONGEST_NS) {
                throw new ProtocolException("the source says that its dry run took " + dryRunNs + " ns");
            }
        }
    }

    /**
     * Refuses a reading of the source that is later than what it led to here, or too long before.
     *
     * @throws ProtocolException with a sentence for a person
     */
    private static void checkClock(long sourceNs, long hereNs) throws ProtocolException {
        if (sourceNs < 0 || sourceNs > hereNs || sourceNs < hereNs - LONGEST_NS) {
            throw new ProtocolException("the source's clock showed " + sourceNs + " ns before this agent's showed "
                    + hereNs + " ns: they are not the same clock");
        }
    }

    /** To which clock this agent's readings belong; see {@link TimeNamespace#clock}. */
    private final long clock;

    /** Pages that came, in the pieces in which they came. */
    final SliceLog received;

    /** Batches that were mapped in the background after the switchover. */
    final SliceLog batches;

    private final boolean traces;

    /** @param traces whether the report has a trace */
    Timeline(long clock, boolean traces) {
        this.clock = clock;
        this.traces = traces;
        this.received = new SliceLog(traces ? Trace.Slices.MOST : 0);
        this.batches = new SliceLog(traces ? Trace.Slices.MOST : 0);
    }

    /** How long the pages of each block took to come, all rounds together. */
    private final long[] blockNs = new long[MAX_BLOCKS];

    private long lastPageNs;

    /** When this side was ready. */
    long readyNs;

    /** When the first page came; 0 before that. */
    long firstPageNs;

    /** When the END after the last page had come. */
    long pagesDoneNs;

    /** When vCPU 0 saw that the source had released the guest. */
    long noticedNs;

    /** When the lock was ours. */
    long lockedNs;

    /** When the state was loaded and the epoch stored. */
    long claimedNs;

    /** When each vCPU executed its first instruction. */
    long[] firstInstructionNs = {};

    /** When the first heartbeat of each vCPU was in memory; empty without a postcopy. */
    long[] firstBeatNs = {};

    /** The figures of the postcopy; null without one, or if it failed. */
    @Nullable
    PostcopyResult postcopy;

    /** The vCPUs' waits for pages of the postcopy; empty without one, or if it failed. */
    List<FaultLog> waits = List.of();

    /** When both agents were done with the migration, apart from the reports. */
    long doneNs;

    /** The guest's pulse; null before the guest runs here. */
    @Nullable
    PulseWatch pulse;

    void blockDone(int block, long nowNs) {
        blockNs[block] += nowNs - Math.max(lastPageNs, firstPageNs);
        lastPageNs = nowNs;
    }

    /** Called when the pages of {@code late} are here, or the kernel maps the rest of them. */
    void postcopyDone(Postcopy late, List<RamBlock> blocks) {
        firstPageNs = late.startNs();
        for (int i = 0; i < blocks.size(); i++) {
            long doneNs = late.doneNs(blocks.get(i));
            if (doneNs != 0) {
                blockDone(i, doneNs);
            }
        }
    }

    /** The part of the report about pages that were mapped after the switchover. */
    static PostcopyResult postcopy(PostcopyFigures figures, List<FaultLog> logs, int recoveries, long pausedNs) {
        long[] waitsNs = logs.stream()
                .flatMapToLong(log -> LongStream.of(log.waitsNs()))
                .sorted()
                .toArray();
        return new PostcopyResult(
                figures.faults(),
                figures.touchedPages(),
                figures.prefetchedPages(),
                figures.backgroundPages(),
                logs.stream().mapToLong(FaultLog::waits).sum(),
                new PostcopyResult.Wait(
                        Percentile.of(waitsNs, Percentile.MEDIAN),
                        Percentile.of(waitsNs, 900),
                        Percentile.of(waitsNs, 990),
                        Percentile.of(waitsNs, 999),
                        logs.stream().mapToLong(FaultLog::longestNs).max().orElse(0)),
                figures.lastPageNs(),
                recoveries,
                pausedNs);
    }

    /**
     * The report of the migration.
     *
     * @throws IllegalStateException if the pages of the ledger do not add up
     * @throws ProtocolException if the source's figures cannot be true
     */
    Measured measured(
            Message.Hello hello,
            Message.SourceFigures source,
            Marks stopped,
            PageLedger ledger,
            Evidence evidence,
            Measured.GuestActivity activity)
            throws ProtocolException {
        if (source.clock() != clock || clock == TimeNamespace.UNKNOWN_CLOCK) {
            throw new ProtocolException("the two agents may be in different time namespaces, and how much their clocks "
                    + "differ is not known");
        }
        checkClock(source.startNs(), readyNs);
        PulseWatch watched = Objects.requireNonNull(pulse, "the guest's pulse was not watched");
        DowntimePhases phases = phases(stopped);
        List<Measured.Block> blocks = blocks(hello.guest().blocks(), ledger);
        long resumedNs = stopped.guestPausedNs() - phases.stop() + phases.total();
        return new Measured(
                (resumedNs - source.startNs()) / NS_PER_MS,
                (readyNs - source.startNs()) / NS_PER_MS,
                ram(blocks, source, Math.max(1, lastPageNs - firstPageNs)),
                phases,
                stopped.dryRunNs() == 0 ? null : stopped.dryRunNs(),
                firstBeatNs.length == 0 ? null : blackoutNs(stopped),
                postcopy,
                blocks,
                evidence,
                activity,
                watched.throughput(),
                watched.guestTimeLost(doneNs),
                watched.migrationGaps(readyNs, doneNs),
                watched.idleGaps(),
                traces ? trace(hello.pid(), source.startNs(), stopped) : null);
    }

    private Trace trace(int sourcePid, long startNs, Marks stopped) {
        List<Trace.Vcpu> vcpus = new ArrayList<>();
        for (int i = 0; i < firstInstructionNs.length; i++) {
            vcpus.add(new Trace.Vcpu(
                    stopped.lastInstructionNs[i],
                    firstInstructionNs[i],
                    i < firstBeatNs.length ? firstBeatNs[i] : null,
                    i < waits.size() ? waits(waits.get(i)) : Trace.Slices.NONE));
        }
        return new Trace(
                sourcePid,
                Math.toIntExact(ProcessHandle.current().pid()),
                startNs,
                readyNs,
                vcpus,
                received.slices(),
                batches.slices());
    }

    /** The first waits of a vCPU; all vCPUs together have at most {@link #MOST_WAITS}. */
    private Trace.Slices waits(FaultLog log) {
        long[] beginnings = log.beginningsNs();
        long[] durations = log.waitsNs();
        int most = Math.min(beginnings.length, MOST_WAITS / waits.size());
        return new Trace.Slices(
                LongStream.of(beginnings).limit(most).boxed().toList(),
                LongStream.of(durations).limit(most).boxed().toList(),
                List.of(),
                log.waits() - most);
    }

    private List<Measured.Block> blocks(List<BlockSpec> specs, PageLedger ledger) {
        List<Measured.Block> blocks = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            BlockSpec spec = specs.get(i);
            PageCounts counts = ledger.counts(i);
            if (!counts.addsUp()) {
                throw new IllegalStateException("pages do not add up: " + spec.name() + " " + counts);
            }
            blocks.add(new Measured.Block(
                    spec.name(), spec.backing().toString(), spec.pageBytes(), spec.lengthBytes(), counts, blockNs[i]));
        }
        return blocks;
    }

    /** The phases of the vCPU that was paused the longest. */
    private DowntimePhases phases(Marks stopped) {
        int longest = 0;
        for (int i = 1; i < firstInstructionNs.length; i++) {
            if (pausedNs(i, stopped) > pausedNs(longest, stopped)) {
                longest = i;
            }
        }
        long[] marks = {
            stopped.lastInstructionNs[longest],
            stopped.guestPausedNs(),
            pagesDoneNs,
            stopped.savedNs(),
            stopped.releasedNs(),
            noticedNs,
            lockedNs,
            claimedNs,
            firstInstructionNs[longest]
        };
        for (int i = 1; i < marks.length; i++) {
            // Both sides may work at the same time: that time counts for the earlier phase.
            marks[i] = Math.max(marks[i], marks[i - 1]);
        }
        return new DowntimePhases(
                marks[1] - marks[0],
                marks[2] - marks[1],
                marks[3] - marks[2],
                marks[4] - marks[3],
                marks[5] - marks[4],
                marks[6] - marks[5],
                marks[7] - marks[6],
                marks[8] - marks[7]);
    }

    private long pausedNs(int vcpu, Marks stopped) {
        return firstInstructionNs[vcpu] - stopped.lastInstructionNs[vcpu];
    }

    private long blackoutNs(Marks stopped) {
        long longest = 0;
        for (int i = 0; i < firstBeatNs.length; i++) {
            longest = Math.max(longest, firstBeatNs[i] - stopped.lastInstructionNs[i]);
        }
        return longest;
    }

    private static Measured.Ram ram(List<Measured.Block> blocks, Message.SourceFigures source, long pagesNs) {
        long total = 0;
        long duplicate = 0;
        long normal = 0;
        long normalBytes = 0;
        for (Measured.Block block : blocks) {
            PageCounts pages = block.pages();
            total += block.bytes();
            duplicate += pages.zero();
            normal += pages.crossed();
            normalBytes += Math.min(block.bytes(), pages.crossed() * block.pageSize());
        }
        return new Measured.Ram(
                total,
                source.transferredBytes(),
                0,
                duplicate,
                normal,
                normalBytes,
                blocks.get(0).pageSize(),
                normalBytes * 8 / (pagesNs / NS_PER_S) / 1e6,
                Math.round(normal / (pagesNs / NS_PER_S)));
    }
}
