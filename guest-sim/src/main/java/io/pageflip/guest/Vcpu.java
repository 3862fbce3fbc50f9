package io.pageflip.guest;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.heartbeat.Pulse;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.SplitMix64;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.ram.DirtyLog;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.verification.Oracle;
import io.pageflip.verification.PagePattern;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One virtual CPU: a thread that executes instructions while the guest runs. An instruction writes a page if the dirty
 * rate allows one, and then stores a heartbeat. It is never interrupted in the middle, so a stop comes at an
 * instruction boundary, within microseconds.
 *
 * <p>The guest's thread calls {@link #resume}, {@link #requestStop}, {@link #awaitPaused}, and the state methods while
 * the vCPU is paused; everything else is the vCPU thread's own.
 */
final class Vcpu implements AutoCloseable {
    /** A delayed vCPU catches up on its dirty rate for at most this time. */
    private static final long BURST_NS = 10_000_000;

    /** The time that is allowed for a dry run. */
    private static final long DRY_RUN_NS = 100_000;

    private static final int HOT_WRITES_PERCENT = 90;
    private static final int FILLED_TRIES = 64;
    private static final int JOIN_MS = 10;

    /** The calls of a vCPU to its guest. */
    interface Owner {
        /** The vCPU has paused; called on its thread. */
        void paused();

        /** The vCPU will pause soon; called on its thread, between two instructions. */
        void aboutToPause();

        /** vCPU 0 must take the guest over. Returns whether it, and all others, may run. Called on its thread. */
        boolean takesOver();
    }

    /** The guest's thread makes the vCPU run, and stop; only the vCPU's thread sets {@link #PAUSED}. */
    private enum State {
        PAUSED,
        TAKING_OVER,
        RUNNING,
        STOPPING_SOON,
        STOPPING
    }

    private final int index;
    private final GuestConfig config;
    private final List<RamBlock> blocks;
    private final Oracle oracle;
    private final GuestInfoPage info;
    private final Pulse.Writer pulse;
    private final @Nullable ConsoleDevice console;
    private final DirtyLog dirtyLog;
    private final Throttle throttle;
    private final NanoClock clock;
    private final Owner owner;
    private final Thread thread;
    private final PagePattern pattern = new PagePattern();
    private final long ramPages;
    private final long ownPages;
    private final long hotPages;
    private final long writeIntervalNs;

    private final AtomicReference<State> state = new AtomicReference<>(State.PAUSED);
    private volatile long stopAtNs;
    private volatile boolean closed;
    private volatile int threadId;
    private volatile long firstInstructionNs;
    private volatile long firstBeatNs;
    private volatile @Nullable Throwable failure;

    private @Nullable FaultLog faults;
    private long instructions;
    private long lastInstructionNs;
    private long random;
    private long cursor;
    private final AtomicLong pagesWritten = new AtomicLong();

    /** @param console the console device, for the one vCPU that drives it */
    Vcpu(
            int index,
            GuestConfig config,
            List<RamBlock> blocks,
            Oracle oracle,
            @Nullable ConsoleDevice console,
            DirtyLog dirtyLog,
            Throttle throttle,
            NanoClock clock,
            Owner owner) {
        this.index = index;
        this.config = config;
        this.blocks = blocks;
        this.oracle = oracle;
        this.info = new GuestInfoPage(blocks.get(GuestConfig.RAM));
        this.pulse = new Pulse.Writer(oracle.pulse(), index);
        this.console = console;
        this.dirtyLog = dirtyLog;
        this.throttle = throttle;
        this.clock = clock;
        this.owner = owner;
        this.ramPages = blocks.get(GuestConfig.RAM).spec().oraclePages();
        long pages = ramPages + blocks.get(GuestConfig.VRAM).spec().oraclePages();
        // Page p belongs to vCPU p mod n: two vCPUs never write the same page, whose content would be torn.
        this.ownPages = pages / config.vcpus();
        this.hotPages = Math.max(1, ownPages * config.hotSetPercent() / 100);
        boolean writes = config.workload() != Workload.IDLE && config.dirtyRate() > 0;
        this.writeIntervalNs =
                writes ? Math.max(1, 1_000_000_000L * config.vcpus() / config.dirtyRate()) : Long.MAX_VALUE;
        this.random = SplitMix64.mix(config.seed() + index);
        this.thread = new Thread(this::threadMain, "vcpu-" + index);
        thread.setDaemon(true);
        thread.start();
    }

    // Called while it is paused.

    void resume() {
        firstInstructionNs = 0;
        firstBeatNs = 0;
        state.set(State.RUNNING);
        LockSupport.unpark(thread);
    }

    /** Makes it take the guest over, and run if it may. */
    void takeOver() {
        firstInstructionNs = 0;
        firstBeatNs = 0;
        state.set(State.TAKING_OVER);
        LockSupport.unpark(thread);
    }

    void requestStop() {
        // A vCPU that has failed is paused already.
        if (!state.compareAndSet(State.RUNNING, State.STOPPING)) {
            state.compareAndSet(State.STOPPING_SOON, State.STOPPING);
        }
    }

    /**
     * As {@link #requestStop}, at {@code timeNs} of CLOCK_MONOTONIC: all vCPUs stop at one moment, and prepare before
     * it.
     */
    void requestStopAt(long timeNs) {
        stopAtNs = timeNs;
        state.compareAndSet(State.RUNNING, State.STOPPING_SOON);
    }

    /** Waits for the current instruction to end: a matter of microseconds, inside the downtime. */
    void awaitPaused() {
        while (!isPaused()) {
            Thread.onSpinWait();
        }
    }

    boolean isPaused() {
        return state.get() == State.PAUSED;
    }

    /** The number of the thread; 0 before it has begun. Any thread may ask. */
    int threadId() {
        return threadId;
    }

    /** From the next resume on, records the faults that {@link FaultLog#serving} announces. */
    FaultLog logFaults() {
        while (threadId == 0) {
            Thread.onSpinWait(); // the thread is starting
        }
        FaultLog log = new FaultLog(threadId);
        faults = log;
        return log;
    }

    void save(SwitchoverPage page) {
        page.setVcpu(index, instructions, lastInstructionNs, random, cursor);
    }

    /**
     * Reads each register once: another process may change it between two looks.
     *
     * @throws IOException if a vCPU cannot have such registers
     */
    void load(SwitchoverPage page) throws IOException {
        long executed = page.vcpuInstructions(index);
        long next = page.vcpuCursor(index);
        if (executed < 0) {
            throw new IOException(
                    "vCPU " + index + " of the source has executed " + executed + " instructions, which cannot be");
        }
        if (next < 0 || next >= Math.max(1, ownPages)) {
            throw new IOException("vCPU " + index + " of the source has a cursor of " + next + ", which cannot be");
        }
        instructions = executed;
        lastInstructionNs = page.vcpuLastInstructionNs(index);
        random = page.vcpuRandom(index);
        cursor = next;
    }

    /** Whether RAM and registers agree about the instructions executed. */
    boolean agreesWithMemory() {
        return info.heartbeat(index) == instructions && info.beatTimeNs(index) == lastInstructionNs;
    }

    // Called at any time.

    /** CLOCK_MONOTONIC of the first instruction since {@link #resume}; 0 before it. */
    long firstInstructionNs() {
        return firstInstructionNs;
    }

    /**
     * CLOCK_MONOTONIC when the first heartbeat since {@link #resume} was in memory, its page faults over; 0 before it.
     */
    long firstBeatNs() {
        return firstBeatNs;
    }

    long pagesWritten() {
        return pagesWritten.get();
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            requestStop(); // again: it may just have taken the guest over
            LockSupport.unpark(thread);
            try {
                thread.join(JOIN_MS);
            } catch (InterruptedException e) {
                interrupted = true; // its memory is unmapped next: it must have ended
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // The vCPU thread.

    private void threadMain() {
        threadId = Proc.threadId();
        while (!closed) {
            if (state.get() == State.PAUSED) {
                LockSupport.park(this);
                continue;
            }
            try {
                boolean runs = state.get() != State.TAKING_OVER
                        || (owner.takesOver() && state.compareAndSet(State.TAKING_OVER, State.RUNNING));
                if (runs) {
                    execute();
                    owner.paused();
                    pulse.enter(instructions); // not earlier: that would lengthen the downtime
                }
            } catch (RuntimeException | Error e) {
                failure = e;
            }
            state.set(State.PAUSED);
        }
        state.set(State.PAUSED);
    }

    private void execute() {
        long now = clock.nanoTime();
        long nextWriteNs = writeIntervalNs == Long.MAX_VALUE ? Long.MAX_VALUE : now + writeIntervalNs;
        if (console != null) {
            console.start(now);
        }
        FaultLog log = faults;
        if (log != null) {
            log.begin();
        }
        boolean first = true;
        boolean ready = false;
        while (true) {
            State wanted = state.get();
            if (wanted != State.RUNNING) {
                if (wanted != State.STOPPING_SOON || now >= stopAtNs) {
                    break;
                }
                if (!ready) {
                    ready = true;
                    now = dryRun();
                    continue;
                }
            }
            if (throttle.rests(now)) {
                long sinceNs = now;
                now = rest(now);
                // The dirty rate counts only the time in which the vCPU executes: it does not catch up on a rest.
                nextWriteNs += nextWriteNs == Long.MAX_VALUE ? 0 : now - sinceNs;
                continue;
            }
            long beforeNs = now;
            if (now >= nextWriteNs) {
                writeNextPage();
                nextWriteNs = Math.max(nextWriteNs, now - BURST_NS) + writeIntervalNs;
            }
            if (console != null) {
                console.tick(now);
            }
            now = clock.nanoTime();
            if (log != null) {
                log.executed(beforeNs, now);
            }
            instructions++;
            info.beat(index, instructions, now);
            dirtyLog.written(GuestConfig.RAM, 0);
            if (first) {
                first = false;
                firstBeatNs = clock.nanoTime();
                firstInstructionNs = now;
            }
            pulse.beat(lastInstructionNs, now, instructions);
            lastInstructionNs = now;
        }
    }

    /** Does the dry run, if there is time for it; returns the time afterwards. */
    private long dryRun() {
        if (clock.nanoTime() < stopAtNs - DRY_RUN_NS) {
            owner.aboutToPause();
        }
        return clock.nanoTime();
    }

    /**
     * Executes nothing for a part of a millisecond. Spins, as every vCPU does, so that a stop request ends the rest at
     * once.
     */
    private long rest(long sinceNs) {
        long now = sinceNs;
        while (throttle.rests(now) && state.get() == State.RUNNING) {
            Thread.onSpinWait();
            now = clock.nanoTime();
        }
        return now;
    }

    private void writeNextPage() {
        for (int tries = 0; tries < FILLED_TRIES; tries++) {
            long page = nextOwnPage() * config.vcpus() + index;
            if (page < ramPages ? page != 0 && config.filled(page) : true) {
                if (page < ramPages) {
                    write(GuestConfig.RAM, page);
                } else {
                    write(GuestConfig.VRAM, page - ramPages);
                }
                pagesWritten.setOpaque(pagesWritten.getPlain() + 1); // this thread alone writes it
                return;
            }
        }
    }

    private long nextOwnPage() {
        return switch (config.workload()) {
            case IDLE -> throw new IllegalStateException("an idle vCPU writes nothing");
            case SEQUENTIAL -> {
                cursor = (cursor + 1) % ownPages;
                yield cursor;
            }
            case UNIFORM -> nextRandom(ownPages);
            case HOTSET -> nextRandom(100) < HOT_WRITES_PERCENT ? nextRandom(hotPages) : nextRandom(ownPages);
        };
    }

    private long nextRandom(long bound) {
        random += 0x9e37_79b9_7f4a_7c15L;
        return Math.floorMod(SplitMix64.mix(random), bound);
    }

    private void write(int block, long page) {
        RamBlock target = blocks.get(block);
        int bytes = (int) Math.min(BasePage.BYTES, target.spec().lengthBytes() - page * BasePage.BYTES);
        target.mapping().copyIn(page * BasePage.BYTES, pattern.of(block, page, oracle.advance(block, page)), bytes);
        dirtyLog.written(block, page);
    }
}
