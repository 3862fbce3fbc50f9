package io.pageflip.warmup;

import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
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
 * The whole switch, again and again between two scratch guests in this process, through the very code that will switch
 * the real one: so that it is loaded and compiled before a guest stands still for it. Leaves nothing behind.
 */
public final class SwitchoverWarmup {
    /** C1 compiles a method after 200 calls. Tests that measure nothing need fewer. */
    private static final int ROUNDS = Integer.getInteger("pageflip.switch-rehearsals", 400);

    private static final long MAX_NS = 500_000_000;
    private static final long SPIN_NS = 200_000;
    private static final long TIMEOUT_NS = 2_000_000_000;
    private static final GuestConfig CONFIG =
            new GuestConfig(1 << 20, Backing.MEMFD, 1, Workload.HOTSET, 1_000_000, 10, 100, 1);

    private SwitchoverWarmup() {}

    /** Rehearses; takes some tens of milliseconds, half a second at most. */
    public static void run() throws IOException {
        List<BlockSpec> specs = CONFIG.blocks();
        try (RunToken token = RunToken.create();
                RunToken other = RunToken.attachOwn(token);
                Oracle oracle = Oracle.create(specs);
                ConsoleLog console = ConsoleLog.create();
                Guest first = new Guest(CONFIG, blocks(specs), oracle, console, NanoClock.SYSTEM);
                Guest second = new Guest(CONFIG, blocks(specs), oracle, console, NanoClock.SYSTEM)) {
            first.powerOn(pages -> {});
            second.powerOn(pages -> {});
            first.resume();
            first.awaitFirstInstructions(TIMEOUT_NS);
            long until = NanoClock.SYSTEM.nanoTime() + MAX_NS;
            for (int i = 0; i < ROUNDS && NanoClock.SYSTEM.nanoTime() < until; i++) {
                boolean there = i % 2 == 0;
                handOver(there ? first : second, there ? token : other, there ? second : first, there ? other : token);
            }
        }
    }

    private static List<RamBlock> blocks(List<BlockSpec> specs) throws IOException {
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : specs) {
            blocks.add(RamBlock.create(spec));
        }
        return blocks;
    }

    private static void handOver(Guest from, RunToken fromToken, Guest to, RunToken toToken) throws IOException {
        int epoch = fromToken.epoch();
        IncomingSwitchover in =
                new IncomingSwitchover(new Ownership(toToken, epoch), SPIN_NS, TIMEOUT_NS, NanoClock.SYSTEM, NOTHING);
        in.received(1);
        to.resumeAfter(in);
        from.stop(new OutgoingSwitchover(from, new Ownership(fromToken, epoch), NanoClock.SYSTEM, NOTHING));
        to.awaitFirstInstructions(TIMEOUT_NS);
        in.check();
        toToken.wakeWaiters();
    }

    private static final Nothing NOTHING = new Nothing();

    private static final class Nothing implements IncomingSwitchover.Moments, OutgoingSwitchover.Moments {
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
            // Nothing can call a rehearsal off.
        }

        @Override
        public void released() {
            // Nothing more happens.
        }

        @Override
        public void locked() {
            // Nothing can call a rehearsal off.
        }

        @Override
        public void claimed() {
            // Nothing more happens.
        }
    }
}
