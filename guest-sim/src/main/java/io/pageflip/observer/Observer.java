package io.pageflip.observer;

import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Proc;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * Watches guests from outside: reads the heartbeats in their guest information pages, as often as a small part of a
 * processor allows, and tells each gap. A second thread finds new guests, and the memory of known ones in other
 * processes. It trusts no agent, and disturbs no guest: see {@link GuestRam}. It sees RAM in memfds and in files in
 * memory; private memory it cannot see.
 *
 * <p>One thread starts and closes it. It owns what it has open.
 */
public final class Observer implements AutoCloseable {
    /**
     * What the search may take of an observer's part of a processor. As much again is left for searches that cannot
     * wait, as the first ones. The looks have the rest.
     */
    private static final double SEARCH_SHARE = 0.1;

    /** The search needs no more than this, in percent. */
    private static final double MOST_SEARCH_PERCENT = 0.2;

    private static final double WHOLE_PERCENT = 100;
    private static final long SHORTEST_LOOK_NS = 1_000;
    private static final long FIRST_LOOK_NS = 1_000_000;
    private static final long LONGEST_LOOK_NS = 50_000_000;
    private static final long SEARCH_NS = 20_000_000;
    private static final long LONGEST_SEARCH_NS = 2_000_000_000;
    private static final int WARM_UP_LOOKS = 2_000;

    /** Is told what the observer sees; called on its thread, which looks at nothing meanwhile. */
    public interface Listener {
        /** A guest was seen for the first time, or again after it was gone. */
        void found(long guest);

        /**
         * A gap has ended.
         *
         * @param certain false if a part of the guest's memory was found only during the gap, and the guest had run
         *     there already
         */
        void gap(long guest, Gap gap, boolean certain);

        /** No process has the guest's memory any more. */
        void gone(long guest);
    }

    private final GuestSearch search;
    private final double lookPercent;
    private final double searchPercent;
    private final boolean brief;
    private final Listener listener;
    private final NanoClock clock;
    private final Thread looking = new Thread(this::lookOnAndOn, "observer");
    private final Thread searching = new Thread(this::searchOnAndOn, "observer-search");
    private final Queue<GuestSearch.Result> searched = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;
    private volatile boolean anew;

    // Of the thread that looks, but for what others may ask.
    private final Map<Long, WatchedGuest> guests = new ConcurrentHashMap<>();
    private final NativeBuffer page = NativeBuffer.allocate(GuestInfo.BYTES);
    private long count;
    private long firstNs;
    private long lastNs;
    private long longestIntervalNs;
    private final LookTimes lookTimes = new LookTimes();
    private long firstCpuNs;
    private volatile long lookCpuNs;
    private volatile long searchCpuNs;

    /**
     * An observer that has not begun.
     *
     * @param processes whose files it looks at, each time that it searches; called on a thread of its own
     * @param mayBegin whether a guest that is seen first in a process is to be watched; a guest that is watched is
     *     found in any of {@code processes}
     * @param percent of one processor that it may take; with 100 it looks all the time
     * @param brief whether it will not last long: then it remembers the time of each look, and keeps open what it has
     *     found, also while no process has it
     */
    public Observer(
            Supplier<List<Integer>> processes,
            IntPredicate mayBegin,
            double percent,
            boolean brief,
            Listener listener,
            NanoClock clock) {
        this.search = new GuestSearch(processes, mayBegin, brief);
        this.searchPercent = Math.min(SEARCH_SHARE * percent, MOST_SEARCH_PERCENT);
        this.lookPercent = percent < WHOLE_PERCENT ? percent - 2 * searchPercent : percent;
        this.brief = brief;
        this.listener = listener;
        this.clock = clock;
        looking.setDaemon(true);
        searching.setDaemon(true);
    }

    /** All processes that this user may look at. */
    public static List<Integer> allProcesses() {
        return OpenFiles.processes();
    }

    /** Begins to look and to search. It has its code compiled first, which takes some milliseconds. */
    public void start() {
        warmUp();
        looking.start();
        searching.start();
    }

    /** Searches for guests at once, and not at the next time. */
    public void searchNow() {
        LockSupport.unpark(searching);
    }

    /** From now on, {@link Looks} counts anew. Any thread may call it. */
    public void countAnew() {
        anew = true;
    }

    /** Whether each guest is there, and was seen to run after a time of CLOCK_MONOTONIC. Any thread may ask. */
    public boolean hasSeenThemRunSince(long ns) {
        return !guests.isEmpty() && guests.values().stream().allMatch(guest -> guest.newNs() >= ns);
    }

    /** Whether the search has seen memory of a process. Any thread may ask. */
    public boolean hasFoundMemoryOf(int pid) {
        return search.hasFoundMemoryOf(pid);
    }

    /** When it looked. Call it after {@link #end}, of a brief observer. */
    LookTimes lookTimes() {
        return lookTimes;
    }

    /** Whether each guest was last seen to run in memory that a process had open. Any thread may ask. */
    public boolean hasSeenThemRunIn(int pid) {
        return !guests.isEmpty()
                && guests.values().stream().allMatch(guest -> {
                    Object inode = guest.ranIn();
                    return inode != null && search.hasSeenOpen(inode, pid);
                });
    }

    /** Ends both threads, and closes everything. Returns how it looked. */
    public Looks end() throws InterruptedException {
        ended = true;
        LockSupport.unpark(looking);
        LockSupport.unpark(searching);
        try {
            looking.join();
            searching.join();
        } finally {
            guests.values().forEach(WatchedGuest::close);
            searched.forEach(
                    result -> result.found().forEach(each -> each.file().close()));
        }
        return new Looks(count, lastNs - firstNs, longestIntervalNs, lookCpuNs + searchCpuNs - firstCpuNs);
    }

    /** As {@link #end}, if nobody wants to know. */
    @Override
    public void close() {
        if (!ended) {
            try {
                end();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The gaps that have not ended, by guest. Call it after {@link #end}. */
    public Map<Long, Gap> unended() {
        Map<Long, Gap> gaps = new HashMap<>();
        guests.forEach((guest, watched) -> {
            Gap gap = watched.unended();
            if (gap != null) {
                gaps.put(guest, gap);
            }
        });
        return gaps;
    }

    /** Interpreted code would take many times as long for a look. */
    private static void warmUp() {
        NativeBuffer scratch = NativeBuffer.allocate(GuestInfo.BYTES);
        GapFinder gaps = new GapFinder();
        try (MemFd memory = MemFd.create("observer", GuestInfo.BYTES, false)) {
            for (int i = 0; i < WARM_UP_LOOKS; i++) {
                memory.fd().readAt(0, scratch, GuestInfo.BYTES);
                GuestInfo info = GuestInfo.of(scratch.bytes());
                gaps.look(i, i, info == null ? i / 2 : info.beats());
            }
        } catch (IOException e) {
            // Without a memfd there is no guest to watch either, and the first looks take longer.
        }
        GuestSearch.warmUp();
    }

    // The thread that looks.

    private void lookOnAndOn() {
        Budget budget = new Budget(lookPercent / WHOLE_PERCENT, SHORTEST_LOOK_NS, FIRST_LOOK_NS, LONGEST_LOOK_NS);
        lookCpuNs = Proc.threadCpuNs();
        firstCpuNs = lookCpuNs;
        budget.adjust(clock.nanoTime(), lookCpuNs);
        while (!ended) {
            takeFound();
            look();
            if (budget.isDue()) {
                lookCpuNs = Proc.threadCpuNs();
                budget.adjust(clock.nanoTime(), lookCpuNs);
            }
            if (lookPercent < WHOLE_PERCENT) {
                budget.pause();
            } else {
                Thread.onSpinWait();
            }
        }
        lookCpuNs = Proc.threadCpuNs();
    }

    private void takeFound() {
        for (GuestSearch.Result next = searched.poll(); next != null; next = searched.poll()) {
            next.found().forEach(this::watch);
            if (!brief) {
                Set<Object> open = next.open();
                guests.values().forEach(guest -> forget(guest, open));
            }
        }
    }

    private void watch(GuestSearch.Found next) {
        WatchedGuest guest = guests.computeIfAbsent(next.file().guest(), WatchedGuest::new);
        if (!guest.isThere()) {
            listener.found(guest.guest());
        }
        guest.add(next.inode(), next.file(), page);
    }

    private void forget(WatchedGuest guest, Set<Object> open) {
        boolean wasThere = guest.isThere();
        guest.keep(open);
        if (wasThere && !guest.isThere()) {
            listener.gone(guest.guest());
        }
    }

    private void look() {
        long beforeNs = clock.nanoTime();
        for (WatchedGuest guest : guests.values()) {
            Gap gap = guest.look(clock, page);
            if (gap != null) {
                listener.gap(guest.guest(), gap, guest.takeCertain());
            }
        }
        account(beforeNs, clock.nanoTime());
    }

    private void account(long beforeNs, long afterNs) {
        if (anew) {
            anew = false;
            count = 0;
            longestIntervalNs = 0;
            lookTimes.clear();
            lookCpuNs = Proc.threadCpuNs();
            firstCpuNs = lookCpuNs + searchCpuNs;
        }
        if (count == 0) {
            firstNs = beforeNs;
            lastNs = beforeNs;
        } else {
            longestIntervalNs = Math.max(longestIntervalNs, afterNs - lastNs);
        }
        if (brief) {
            lookTimes.add(beforeNs, afterNs);
        }
        lastNs = beforeNs;
        count++;
    }

    // The thread that searches.

    private void searchOnAndOn() {
        Budget budget = new Budget(searchPercent / WHOLE_PERCENT, SEARCH_NS, SEARCH_NS, LONGEST_SEARCH_NS);
        budget.adjust(clock.nanoTime(), Proc.threadCpuNs());
        while (!ended) {
            searched.add(search.search());
            searchCpuNs = Proc.threadCpuNs();
            budget.pause();
            budget.adjust(clock.nanoTime(), Proc.threadCpuNs());
        }
    }
}
