package io.pageflip.guest;

import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.heartbeat.Pulse;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.SplitMix64;
import io.pageflip.os.ForkedChild;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.WaitGuard;
import io.pageflip.ram.Adoption;
import io.pageflip.ram.DirtyLog;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.ram.WriteProtectTracker;
import io.pageflip.scenario.Sharer;
import io.pageflip.switchover.GuestState;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.RunToken;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.verification.Oracle;
import io.pageflip.verification.Verification;
import io.pageflip.verification.Verifier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The guest in one process: it owns its RAM blocks, vCPUs and devices. It is made paused; {@link #resume} runs it. The
 * holder of the {@link RunToken} must know whether it <em>may</em> run. Used by one thread; only the figures may be
 * read from others.
 */
public final class Guest implements GuestState, AutoCloseable {
    /**
     * How long before a switchover the vCPUs are told of it. They need some 20 us for the dry run, with some room, and
     * the caller needs time to fall asleep.
     */
    private static final long STOP_NOTICE_NS = 200_000;

    private static final System.Logger LOG = System.getLogger(Guest.class.getName());

    private final GuestConfig config;
    private final List<RamBlock> blocks;
    private final Oracle oracle;
    private final ConsoleDevice console;
    private final @Nullable DmaDevice dma;
    private @Nullable Sharer sharer;
    private @Nullable ForkedChild child;
    private final NanoClock clock;
    private final GuestInfoPage info;
    private final DirtyLog dirtyLog;
    private final Throttle throttle = new Throttle();
    private final Vcpus vcpus;
    private volatile @Nullable OutgoingSwitchover switchOut;
    private volatile @Nullable IncomingSwitchover switchIn;
    private volatile @Nullable IOException calledOff;
    private volatile @Nullable Thread stopper;
    private volatile long clockNs;
    private volatile long resumedNs;
    private volatile boolean running;

    /**
     * A guest on {@code blocks}, which it owns from now on; it does not own the oracle and the log. If its RAM is still
     * to be adopted, it has a device that pins pages of RAM.
     */
    public Guest(GuestConfig config, List<RamBlock> blocks, Oracle oracle, ConsoleLog log, NanoClock clock) {
        this.config = config;
        this.blocks = List.copyOf(blocks);
        this.oracle = oracle;
        this.clock = clock;
        this.console = new ConsoleDevice(log);
        RamBlock ram = blocks.get(GuestConfig.RAM);
        this.dma = ram.exceptional().adoptionPending() ? new DmaDevice(ram, config) : null;
        this.info = new GuestInfoPage(ram);
        this.dirtyLog = new DirtyLog(this.blocks.stream().map(RamBlock::spec).toList());
        List<Vcpu> made = new ArrayList<>();
        for (int i = 0; i < config.vcpus(); i++) {
            ConsoleDevice driven = i == 0 ? console : null;
            made.add(new Vcpu(i, config, this.blocks, oracle, driven, dirtyLog, throttle, clock, new VcpuOwner()));
        }
        this.vcpus = new Vcpus(made, clock);
    }

    /**
     * Powers the guest on: writes the first content of everything that {@link GuestConfig#filled} says was ever
     * written.
     *
     * @param progress called now and then with the number of 4 KiB pages done so far
     * @throws IOException if there is no room for them
     */
    public void powerOn(LongConsumer progress) throws IOException {
        powerOn(SplitMix64.mix(clock.nanoTime() ^ (long) Proc.pid() << Integer.SIZE), progress);
    }

    /** As {@link #powerOn(LongConsumer)}, for a guest that only exercises code: observers do not see it. */
    public void powerOnUnseen() throws IOException {
        powerOn(GuestInfo.UNSEEN, pages -> {});
    }

    private void powerOn(long number, LongConsumer progress) throws IOException {
        new PowerOn(config, blocks, oracle).fill(progress);
        blocks.get(GuestConfig.RAM).requireHuge();
        info.initialize(config.vcpus(), number);
        if (dma != null) {
            dma.start();
        }
    }

    public GuestConfig config() {
        return config;
    }

    public List<RamBlock> blocks() {
        return blocks;
    }

    /** The guest's pulse, in this process and where it ran before; valid as long as its oracle. */
    public Pulse pulse() {
        return oracle.pulse();
    }

    public boolean isRunning() {
        return running;
    }

    /** Whether its vCPUs have ever been let run in this process. Any thread may ask. */
    public boolean hasRun() {
        return resumedNs != 0;
    }

    /** Lets the vCPUs run; returns before they do. */
    public void resume() {
        startClock();
        vcpus.resume();
    }

    private void startClock() {
        resumedNs = clock.nanoTime();
        running = true;
    }

    /**
     * Makes vCPU 0 wait for another agent's guest, take it over, and run; the other vCPUs follow. Returns at once:
     * {@link #awaitFirstInstructions} and {@link IncomingSwitchover#check} tell the result.
     */
    public void resumeAfter(IncomingSwitchover in) {
        requirePaused();
        switchIn = in;
        vcpus.takeOver();
    }

    /** Pauses the vCPUs at their next instruction boundary; all are paused when this returns. */
    public void stop() {
        if (running) {
            vcpus.requestStop();
            vcpus.awaitPaused();
            stopClock();
        }
    }

    /**
     * Pauses a guest some of whose vCPUs may be trapped for ever, on pages that will never come.
     *
     * @param letGo frees the trapped vCPUs; called when every vCPU has been told to stop, so that none executes another
     *     instruction
     */
    public void stop(Runnable letGo) {
        vcpus.requestStop();
        letGo.run();
        stop();
    }

    /**
     * Pauses the vCPUs; the last of them does the switchover, at once, on its own thread. If the guest is paused
     * already, the calling thread does it.
     *
     * @throws IOException if the switchover was called off: the guest is paused, and still this agent's
     */
    public void stop(OutgoingSwitchover out) throws IOException {
        if (!running) {
            out.run();
            return;
        }
        calledOff = new IOException("the guest could not be stopped: a vCPU had failed");
        switchOut = out;
        stopper = Thread.currentThread();
        try {
            vcpus.pauseAt(clock.nanoTime() + STOP_NOTICE_NS);
            stopClock();
        } finally {
            switchOut = null;
        }
        IOException reason = calledOff;
        if (reason != null) {
            throw reason;
        }
    }

    /**
     * Starts to track which pages the vCPUs write, whether the guest runs or is paused. At most one tracker of each
     * kind at a time.
     *
     * @throws HostLacksException if this host cannot track writes in that way
     */
    public DirtyTracker trackDirty(DirtyTracking tracking) throws IOException {
        return switch (tracking) {
            case WRITE_PROTECT -> WriteProtectTracker.start(blocks);
            case LOG -> {
                dirtyLog.start(block -> true);
                yield dirtyLog;
            }
        };
    }

    /**
     * Starts the vCPUs' own log ({@link DirtyTracking#LOG}) for the pages that another agent cannot map, and no others:
     * those of blocks that are private memory, and those that a third process maps.
     */
    public DirtyTracker logUnshareable() {
        dirtyLog.start(
                block -> !blocks.get(block).spec().backing().shareable(),
                block -> blocks.get(block).exceptional().shared());
        return dirtyLog;
    }

    /**
     * Prepares the adoption of RAM that was started in private memory ({@link ExceptionalPages#untilAdoption}): call
     * this while the guest is paused, and {@link Adoption#run} while it runs.
     *
     * @param chunkBytes whole pages
     */
    public Adoption adoption(long chunkBytes) {
        if (dma == null) {
            throw new IllegalStateException("this guest's RAM is not private memory that can be adopted");
        }
        return new Adoption(blocks.get(GuestConfig.RAM), dma.pinned(), logFaults(), chunkBytes, clock);
    }

    /**
     * Starts the other processes that have a part of RAM, if {@link ExceptionalPages} asks for them and they do not run
     * yet, and waits until they have their part. They end when this guest is closed, or with the calling thread.
     *
     * @param guard its exception ends the wait, and the process with it
     * @throws IOException if one does not start
     */
    public void startOthers(WaitGuard guard) throws IOException {
        RamBlock ram = blocks.get(GuestConfig.RAM);
        if (child == null) {
            child = ram.fork();
        }
        PageBitmap pages = ram.exceptional().shared();
        if (!pages.isEmpty() && sharer == null) {
            sharer = Sharer.start(ram.requireFile(), pages, ram.spec().pageBytes(), clock, guard);
        }
    }

    /** The device that has pinned pages of RAM, if there is one. */
    @Nullable
    DmaDevice dma() {
        return dma;
    }

    /**
     * Makes every vCPU rest for {@code percent} percent of the time, 0 to 99, and write that much less; the guest may
     * run or be paused.
     */
    public void throttle(int percent) {
        throttle.set(percent);
    }

    private void stopClock() {
        if (running) {
            running = false;
            clockNs = clockNs + clock.nanoTime() - resumedNs;
        }
    }

    /** The guest's work on the vCPUs' threads. */
    private final class VcpuOwner implements Vcpu.Owner {
        @Override
        public void paused() {
            OutgoingSwitchover out = switchOut;
            if (vcpus.onVcpuPaused() && out != null) {
                try {
                    stopClock();
                    out.run();
                    calledOff = null;
                } catch (IOException e) {
                    calledOff = e;
                } catch (RuntimeException | Error e) { // the vCPU and the guest are whole
                    calledOff = new IOException("giving the guest away failed: " + e, e);
                }
                LockSupport.unpark(stopper);
            }
        }

        @Override
        public void aboutToPause() {
            OutgoingSwitchover out = switchOut;
            if (out != null) {
                try {
                    out.dryRun();
                } catch (IOException e) {
                    LOG.log(System.Logger.Level.DEBUG, "the dry run failed; the switchover itself comes later", e);
                }
            }
        }

        @Override
        public boolean takesOver() {
            IncomingSwitchover in = switchIn;
            if (in == null || !in.run(Guest.this)) {
                return false;
            }
            startClock();
            vcpus.resumeOthers();
            return true;
        }
    }

    @Override
    public void save(SwitchoverPage page) {
        requirePaused();
        saveDraft(page);
    }

    @Override
    public void saveDraft(SwitchoverPage page) {
        vcpus.save(page);
        page.setClockNs(clockNs);
        console.save(page);
    }

    @Override
    public void load(SwitchoverPage page) throws IOException {
        requirePaused();
        console.load(page);
        vcpus.load(page);
        clockNs = page.clockNs();
    }

    private void requirePaused() {
        if (running) {
            throw new IllegalStateException("the guest is running");
        }
    }

    /**
     * Waits for the first instruction of every vCPU since {@link #resume}.
     *
     * @return CLOCK_MONOTONIC of each vCPU's first instruction
     * @throws IOException if a vCPU died, or has executed none within {@code timeoutNs}
     */
    public long[] awaitFirstInstructions(long timeoutNs) throws IOException {
        return vcpus.awaitFirstInstructions(timeoutNs, switchIn);
    }

    /** The numbers of the vCPUs' threads; 0 for one that has not begun. Any thread may ask. */
    public List<Integer> threadIds() {
        return vcpus.threadIds();
    }

    /**
     * Makes the paused vCPUs record page faults that another thread serves, from the next {@link #resume} on.
     *
     * @return a log for each vCPU
     */
    public List<FaultLog> logFaults() {
        requirePaused();
        return vcpus.logFaults();
    }

    /**
     * CLOCK_MONOTONIC when the first heartbeat of each vCPU since {@link #resume} was in memory; 0 where it is not yet.
     */
    public long[] firstBeatsNs() {
        return vcpus.firstBeatsNs();
    }

    /**
     * Checks that the vCPU threads live.
     *
     * @throws IOException if one has failed
     */
    public void checkVcpus() throws IOException {
        vcpus.checkAlive();
    }

    /** Pages written by the workload in this process so far. */
    public long pagesWritten() {
        return vcpus.pagesWritten();
    }

    /** Sum of the heartbeat counters. */
    public long instructions() {
        long sum = 0;
        for (int i = 0; i < config.vcpus(); i++) {
            sum += info.heartbeat(i);
        }
        return sum;
    }

    /** The guest's own clock, in nanoseconds: counts only while it runs. */
    public long clockNs() {
        return running ? clockNs + clock.nanoTime() - resumedNs : clockNs;
    }

    /** Compares every page of the paused guest with what it must hold. */
    public Verification verify() throws IOException {
        return verify(() -> {});
    }

    /**
     * As {@link #verify()}.
     *
     * @param guard asked now and then; its exception ends the comparison
     */
    public Verification verify(WaitGuard guard) throws IOException {
        requirePaused();
        boolean agree = info.isValid(config.vcpus()) && vcpus.agreeWithMemory();
        return new Verifier(blocks, oracle).verify(agree, console.isComplete(), console.lines(), guard);
    }

    @Override
    public void close() {
        IncomingSwitchover in = switchIn;
        if (in != null) {
            in.cancel();
        }
        vcpus.close();
        if (dma != null) {
            dma.close();
        }
        if (sharer != null) {
            sharer.close();
        }
        if (child != null) {
            child.close();
        }
        blocks.forEach(RamBlock::close);
    }
}
