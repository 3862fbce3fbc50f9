package io.pageflip.observer;

import io.pageflip.os.NanoClock;
import io.pageflip.os.Pause;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Watches the guest of one migration from outside, in all processes that have its memory. One thread uses it, from
 * before the guest is there until the migration is over.
 */
public final class MigrationWatch implements AutoCloseable {
    private static final long SOON_NS = 2_000_000_000;
    private static final long SLICE_NS = 1_000_000;

    /** A search takes a few tenths of a millisecond of a processor. */
    private static final long SEARCH_NS = 10_000_000;

    /** An event may come so much before or after what it tells of. */
    private static final long SLACK_NS = 2_000_000;

    /** A gap that ended. */
    private record Ended(Gap gap, boolean certain) {}

    private final Supplier<List<Integer>> processes;
    private final NanoClock clock;
    private final Observer observer;
    private final List<Ended> gaps = new ArrayList<>();
    private final boolean begins;
    private volatile boolean found;
    private volatile long beginNs;
    private final boolean shares;
    private boolean arrived;

    private MigrationWatch(
            Supplier<List<Integer>> processes, double percent, boolean begins, boolean shares, NanoClock clock) {
        this.processes = processes;
        this.clock = clock;
        this.begins = begins;
        this.shares = shares;
        this.observer = new Observer(processes, pid -> true, percent, true, new Recorder(), clock);
        this.beginNs = clock.nanoTime();
        observer.start();
    }

    /**
     * A watch of a migration that will begin when the caller says so: see {@link #begin}.
     *
     * @param processes the processes of the migration, as they come and go; called on another thread
     * @param percent of one processor that it may take
     */
    public static MigrationWatch before(Supplier<List<Integer>> processes, double percent, NanoClock clock) {
        return new MigrationWatch(processes, percent, false, false, clock);
    }

    /**
     * As {@link #before}, of a migration that begins as soon as there is a guest.
     *
     * @param processes the first of them is the destination's
     * @param shares whether both processes have the same memory, so that who watches it sees the guest arrive
     */
    public static MigrationWatch fromTheStart(
            Supplier<List<Integer>> processes, double percent, boolean shares, NanoClock clock) {
        return new MigrationWatch(processes, percent, true, shares, clock);
    }

    private final class Recorder implements Observer.Listener {
        @Override
        public void found(long guest) {
            if (begins && !found) {
                begin();
            }
            found = true;
        }

        @Override
        public void gap(long guest, Gap gap, boolean certain) {
            synchronized (gaps) {
                gaps.add(new Ended(gap, certain));
            }
        }

        @Override
        public void gone(long guest) {
            // Its last gap never ends.
        }
    }

    /** Whether it has seen the guest; if not, it searches at once. */
    public boolean hasFound() {
        if (!found) {
            observer.searchNow();
        }
        return found;
    }

    /** Waits until memory of a process is watched, too, so that nothing is missed when the guest arrives there. */
    public void awaitMemoryOf(int pid) throws InterruptedException {
        awaitSoon(() -> observer.hasFoundMemoryOf(pid));
    }

    private boolean awaitSoon(BooleanSupplier seen) throws InterruptedException {
        long untilNs = clock.nanoTime() + SOON_NS;
        long searchNs = 0;
        boolean yes = seen.getAsBoolean();
        while (!yes && clock.nanoTime() < untilNs) {
            if (clock.nanoTime() >= searchNs) {
                observer.searchNow();
                searchNs = clock.nanoTime() + SEARCH_NS;
            }
            Pause.ofNs(SLICE_NS);
            yes = seen.getAsBoolean();
        }
        return yes;
    }

    /** The migration begins now: what was seen until now is the machine's own. */
    public void begin() {
        beginNs = clock.nanoTime();
        observer.countAnew();
    }

    /**
     * Waits until the guest is seen to run after the call; it must run. After two seconds it gives up: then what was
     * seen is not certain.
     */
    public void awaitArrival() throws InterruptedException {
        long callNs = clock.nanoTime();
        arrived = awaitSoon(() -> observer.hasSeenThemRunSince(callNs));
    }

    /**
     * The migration is over: ends the watch.
     *
     * @param pausedNs CLOCK_MONOTONIC when the guest was paused, by whoever did it; 0 if nobody said
     * @param resumedNs when it was resumed
     * @return without any claim about the switchover, if the observer did not look before it and after it
     */
    public Seen end(long pausedNs, long resumedNs) throws InterruptedException {
        Looks looks = observer.end();
        List<Integer> all = processes.get();
        if (begins && !all.isEmpty()) {
            arrived = found && (shares || observer.hasSeenThemRunIn(all.get(0)));
        }
        LookTimes times = observer.lookTimes();
        // A guest that was found too late was not watched when it was paused.
        arrived = arrived && (pausedNs == 0 || times.cover(pausedNs, Math.max(pausedNs, resumedNs)));
        long fromNs = pausedNs == 0 ? beginNs : pausedNs - SLACK_NS;
        long untilNs = pausedNs == 0 ? Long.MAX_VALUE : Math.max(pausedNs, resumedNs) + SLACK_NS;
        Ended longest = gaps.stream()
                .filter(ended -> endNs(ended.gap) >= fromNs && ended.gap.startNs() <= untilNs)
                .max(Comparator.comparingLong(ended -> ended.gap.ns()))
                .orElse(null);
        Gap told = arrived && longest != null && longest.certain ? longest.gap : null;
        return new Seen(
                told == null ? null : told.ns(),
                told == null ? null : told.leastNs(),
                arrived
                        ? Math.max(longest == null ? 0 : longest.gap.mostNs(), times.longestUnseenNs(fromNs, untilNs))
                        : null,
                longestNs(ended -> endNs(ended.gap) >= beginNs),
                longestNs(
                        begins
                                ? ended -> pausedNs != 0 && ended.gap.startNs() > untilNs
                                : ended -> endNs(ended.gap) < beginNs),
                looks.intervalNs(),
                looks.longestIntervalNs(),
                looks.count(),
                looks.cpuPercent());
    }

    private long longestNs(Predicate<Ended> which) {
        return gaps.stream()
                .filter(which)
                .mapToLong(ended -> ended.gap.ns())
                .max()
                .orElse(0);
    }

    private static long endNs(Gap gap) {
        return gap.startNs() + gap.ns();
    }

    @Override
    public void close() {
        observer.close();
    }
}
