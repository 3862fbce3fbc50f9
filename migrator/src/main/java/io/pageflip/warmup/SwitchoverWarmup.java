package io.pageflip.warmup;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.verification.Oracle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the whole switchover, to and fro between two scratch guests, with the same code that will hand the real guest
 * over.
 */
final class SwitchoverWarmup {
    private static final long SPIN_NS = 200_000;
    private static final long TIMEOUT_NS = 2_000_000_000;
    private static final int TIMEOUT_S = 2;

    /**
     * Number of RAM pages, from page 1 on, that are treated as if a third process mapped them: those that the guest
     * writes are sent again. Page 0 is the guest information page.
     */
    private static final int UNSHAREABLE_PAGES = 4;

    private static final int DRAINED_BYTES = 64 << 10;
    private static final GuestConfig CONFIG =
            new GuestConfig(1 << 20, Backing.MEMFD, 1, Workload.HOTSET, 1_000_000, 10, 100, 1);

    static final Nothing NOTHING = new Nothing();

    private SwitchoverWarmup() {}

    static void run(Warmup.Config config, ScratchSource source, IncomingSwitchover.Moments in, NanoClock clock)
            throws IOException {
        List<BlockSpec> specs = CONFIG.blocks();
        List<Fd> sockets = UnixSocket.pair();
        InactivityTimeout timeout = new InactivityTimeout(clock, () -> {});
        timeout.limitSeconds(TIMEOUT_S);
        try (StreamWriter stream = new StreamWriter(sockets.get(0), sockets.get(0), timeout);
                Fd drain = sockets.get(1);
                RunToken token = RunToken.create();
                RunToken other = RunToken.attachOwn(token);
                Oracle oracle = Oracle.create(specs);
                ConsoleLog console = ConsoleLog.create();
                Guest first = new Guest(CONFIG, blocks(specs), oracle, console, clock);
                Guest second = new Guest(CONFIG, blocks(specs), oracle, console, clock)) {
            first.powerOnUnseen();
            second.powerOnUnseen();
            Side one = new Side(first, token, source.of(first, stream));
            Side two = new Side(second, other, source.of(second, stream));
            first.resume();
            first.awaitFirstInstructions(TIMEOUT_NS);
            NativeBuffer drained = NativeBuffer.allocate(DRAINED_BYTES);
            long untilNs = clock.nanoTime() + config.switchoversNs();
            for (int i = 0; i < config.rounds() && clock.nanoTime() < untilNs; i++) {
                boolean there = i % 2 == 0;
                handOver(there ? one : two, there ? two : one, in, clock);
                drain(drain, drained);
            }
        }
    }

    private static List<RamBlock> blocks(List<BlockSpec> specs) throws IOException {
        BlockSpec ram = specs.get(GuestConfig.RAM);
        PageBitmap unshareable = new PageBitmap(ram.pages());
        unshareable.add(1, UNSHAREABLE_PAGES);
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : specs) {
            blocks.add(RamBlock.create(
                    spec,
                    spec.equals(ram)
                            ? ExceptionalPages.ofMemfd(unshareable, PageBitmap.empty(ram.pages()))
                            : ExceptionalPages.none(spec)));
        }
        return blocks;
    }

    /**
     * One of the two scratch guests, with its view of the run token and the source's actions when it gives the guest
     * away.
     */
    private record Side(Guest guest, RunToken token, OutgoingSwitchover.Moments moments) {}

    private static void handOver(Side from, Side to, IncomingSwitchover.Moments moments, NanoClock clock)
            throws IOException {
        int epoch = from.token().ownEpoch();
        Ownership theirs = new Ownership(to.token(), epoch);
        IncomingSwitchover in = new IncomingSwitchover(theirs, SPIN_NS, TIMEOUT_NS, clock, moments);
        in.received(Integer.MAX_VALUE);
        to.guest().resumeAfter(in);
        Ownership ours = new Ownership(from.token(), epoch);
        from.guest().stop(new OutgoingSwitchover(from.guest(), ours, clock, from.moments()));
        to.guest().awaitFirstInstructions(TIMEOUT_NS);
        in.check();
        to.token().wakeWaiters();
    }

    private static void drain(Fd from, NativeBuffer to) {
        long count = 1;
        while (count > 0) {
            count = from.read(to, 0, DRAINED_BYTES); // non-blocking: minus an error number when it is empty
        }
    }

    /** Actions at the moments of a switchover that do nothing. */
    static final class Nothing implements IncomingSwitchover.Moments, OutgoingSwitchover.Moments {
        @Override
        public void dryRun() {
            // There is nothing to look at.
        }

        @Override
        public int paused() {
            return 1;
        }

        @Override
        public void saved() {
            // Nobody calls it off.
        }

        @Override
        public void released() {
            // Nothing more happens.
        }

        @Override
        public void locked() {
            // Nobody calls it off.
        }

        @Override
        public void claimed() {
            // Nothing more happens.
        }
    }
}
