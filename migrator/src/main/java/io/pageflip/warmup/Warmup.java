package io.pageflip.warmup;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Adoption;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.WarmUpLength;
import io.pageflip.switchover.IncomingSwitchover;
import java.io.IOException;
import java.util.List;

/**
 * Runs the code of a migration on scratch memory, scratch guests and scratch connections of this process, before a
 * guest is paused for it, so that no class is loaded and no method is interpreted in the downtime. It never touches the
 * guest that is migrated, and leaves nothing behind.
 *
 * <p>One thread uses an object. Each method returns when it is done, after some tens of milliseconds, or half a second
 * at most. A failure here would be a failure of the migration, too, and is thrown in the same way.
 */
public final class Warmup {
    private final Config config;
    private final NanoClock clock;

    /**
     * How much to warm up, and how long to let the guest run, before it is paused.
     *
     * @param rounds how often each piece of code runs, 1 or more. As the launcher sets it, C1, the first of the JVM's
     *     compilers, compiles a method of ours after 10 calls; half of the switchovers go in one direction, half in the
     *     other
     * @param switchoversNs the longest time that all switchovers between scratch guests may take, in nanoseconds
     * @param runBeforeNs how long the guest runs at the source, at least, before the migration begins, in nanoseconds:
     *     its own code is compiled then, and then its undisturbed rate shows
     * @param runAfterNs how long it runs undisturbed at the destination, at least, when both agents are done
     */
    public record Config(int rounds, long switchoversNs, long runBeforeNs, long runAfterNs) {
        private static final long MS = 1_000_000;

        /** Enough for a short downtime. */
        public static final Config DEFAULT = new Config(60, 500 * MS, 300 * MS, 100 * MS);

        /**
         * For tests that do not measure: every class is loaded, nothing is compiled, and the guest runs long enough for
         * a few lines on its console.
         */
        public static final Config BRIEF = new Config(10, 500 * MS, 50 * MS, 0);

        /** What a request asks for. */
        public static Config of(WarmUpLength length) {
            return switch (length) {
                case FULL -> DEFAULT;
                case BRIEF -> BRIEF;
            };
        }

        public Config {
            if (rounds < 1 || switchoversNs < 0 || runBeforeNs < 0 || runAfterNs < 0) {
                throw new IllegalArgumentException("a warm-up of " + rounds + " rounds, " + switchoversNs
                        + " ns of switchovers, " + runBeforeNs + " ns before the migration, and " + runAfterNs
                        + " ns after it");
            }
        }
    }

    public Warmup(Config config, NanoClock clock) {
        this.config = config;
        this.clock = clock;
    }

    /** How much this object warms up. */
    public Config config() {
        return config;
    }

    /** Flips and copies scratch pages: the source's half, the destination's half, and the messages around them. */
    public void pageLoop() throws IOException {
        PageLoopWarmup.run(clock);
    }

    /**
     * Hands a scratch guest over, again and again, as the source does it.
     *
     * @param source makes the actions of the source's schedule at the moments of a switchover
     */
    public void switchover(ScratchSource source) throws IOException {
        ControlWarmup.run(config.rounds());
        SwitchoverWarmup.run(config, source, SwitchoverWarmup.NOTHING, clock);
    }

    /**
     * Takes a scratch guest over, again and again, as the destination does it.
     *
     * @param destination the destination's own actions at the moments of a switchover. They are called for scratch
     *     guests only, so they must not belong to any other guest
     */
    public void switchover(IncomingSwitchover.Moments destination) throws IOException {
        ControlWarmup.run(config.rounds());
        SwitchoverWarmup.run(config, (guest, stream) -> SwitchoverWarmup.NOTHING, destination, clock);
    }

    /** Serves faults of scratch pages, and moves others in the background, by flips. */
    public void postcopyFlips() throws IOException {
        PostcopyWarmup.flips(config.rounds(), clock);
    }

    /** As {@link #postcopyFlips}, by pulls out of a block of this process. */
    public void postcopyPulls() throws IOException {
        PostcopyWarmup.pulls(config.rounds(), clock);
    }

    /**
     * Adopts scratch memory. The guest runs while its RAM is adopted, so the code must be compiled before a vCPU first
     * waits for it.
     *
     * @throws io.pageflip.os.HostLacksException where the kernel cannot do it
     */
    public void adoption() throws IOException {
        BlockSpec spec = new BlockSpec("adopted", 2L * config.rounds() * Backing.MEMFD.pageBytes(), Backing.MEMFD);
        try (RamBlock scratch = RamBlock.create(spec, ExceptionalPages.untilAdoption(spec))) {
            for (long page = 0; page < spec.pages(); page += 2) {
                scratch.mapping().setLong(page * spec.pageBytes() + Long.BYTES, 1);
            }
            PageBitmap pinned = PageBitmap.empty(spec.pages());
            new Adoption(scratch, pinned, List.of(), 2L * spec.pageBytes(), clock).run(pages -> {});
        }
    }
}
