package io.pageflip.observer;

import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.observer.OpenFiles.OpenFile;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Proc;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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
    /** What looks may take of a processor. */
    private static final double LOOK_SHARE = 0.018;

    /** What the search may take of a processor, but for its first searches. */
    private static final double SEARCH_SHARE = 0.002;

    private static final long SHORTEST_LOOK_NS = 100_000;
    private static final long FIRST_LOOK_NS = 1_000_000;
    private static final long LONGEST_LOOK_NS = 50_000_000;
    private static final long SEARCH_NS = 20_000_000;
    private static final long LONGEST_SEARCH_NS = 2_000_000_000;
    private static final int WARM_UP_LOOKS = 2_000;
    private static final int WARM_UP_SEARCHES = 20;

    /** A process without files of interest is looked at so often, and then in each of so many searches. */
    private static final int QUIET_SEARCHES = 200;

    private static final int SELDOM = 32;

    /** No more processes than this are looked at in each search. */
    private static final int FEW = 16;

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

    /** When a look began and ended. */
    private record LookTime(long beforeNs, long afterNs) {}

    /** A guest, and the length of the file that its RAM lies in. */
    private record Known(long bytes, GuestRam ram) {}

    /** A file with guest RAM. */
    private record Found(Object inode, GuestRam file) {}

    /**
     * What one search has found, for the thread that looks.
     *
     * @param open all files that processes have open
     */
    private record Search(Set<Object> open, List<Found> found) {}

    private final Supplier<List<Integer>> processes;
    private final IntPredicate mayBegin;
    private final boolean brief;
    private final Listener listener;
    private final NanoClock clock;
    private final Thread looking = new Thread(this::lookOnAndOn, "observer");
    private final Thread searching = new Thread(this::searchOnAndOn, "observer-search");
    private final Queue<Search> searched = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;
    private volatile boolean anew;

    // Of the thread that looks, but for what others may ask.
    private final Map<Long, WatchedGuest> guests = new ConcurrentHashMap<>();
    private final NativeBuffer page = NativeBuffer.allocate(GuestInfo.BYTES);
    private long count;
    private long firstNs;
    private long lastNs;
    private long longestIntervalNs;
    private final List<LookTime> lookTimes = new ArrayList<>();
    private long firstCpuNs;
    private volatile long lookCpuNs;
    private volatile long searchCpuNs;

    // Of the thread that searches.
    private final Set<Object> knownFiles = new HashSet<>();
    private final Map<Object, Long> expected = new HashMap<>();
    private final Map<Long, Known> known = new HashMap<>();

    /** For each process, how many searches in a row have found nothing to look at. */
    private final Map<Integer, Integer> quiet = new HashMap<>();

    private int searches;

    /** Which processes had a file open, of those that the search saw. Any thread may read it. */
    private final Map<Object, Set<Integer>> holders = new ConcurrentHashMap<>();

    /**
     * An observer that has not begun.
     *
     * @param processes whose files it looks at, each time that it searches; called on a thread of its own
     * @param mayBegin whether a guest that is seen first in a process is to be watched; a guest that is watched is
     *     found in any of {@code processes}
     * @param brief whether it will not last long: then it remembers the time of each look, and keeps open what it has
     *     found, also while no process has it
     */
    public Observer(
            Supplier<List<Integer>> processes,
            IntPredicate mayBegin,
            boolean brief,
            Listener listener,
            NanoClock clock) {
        this.processes = processes;
        this.mayBegin = mayBegin;
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
        return holders.values().stream().anyMatch(pids -> pids.contains(pid));
    }

    /**
     * No silence that began or ended in a time was longer than this without being seen. Call it after {@link #end}, of
     * a brief observer.
     */
    public long longestUnseenNs(long fromNs, long untilNs) {
        long longest = 0;
        for (int i = 2; i < lookTimes.size(); i++) {
            long startNs = lookTimes.get(i - 2).beforeNs;
            long endNs = lookTimes.get(i).afterNs;
            if (endNs >= fromNs && startNs <= untilNs) {
                longest = Math.max(longest, endNs - startNs);
            }
        }
        return longest;
    }

    /** Whether each guest was last seen to run in memory that a process had open. Any thread may ask. */
    public boolean hasSeenThemRunIn(int pid) {
        return !guests.isEmpty()
                && guests.values().stream().allMatch(guest -> {
                    Object inode = guest.ranIn();
                    return inode != null
                            && holders.getOrDefault(inode, Set.of()).contains(pid);
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
            searched.forEach(search -> search.found.forEach(each -> each.file.close()));
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
        for (int i = 0; i < WARM_UP_SEARCHES; i++) {
            OpenFiles.of(Proc.pid()).forEach(file -> {});
        }
    }

    // The thread that looks.

    private void lookOnAndOn() {
        Budget budget = new Budget(LOOK_SHARE, SHORTEST_LOOK_NS, FIRST_LOOK_NS, LONGEST_LOOK_NS);
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
            budget.pause();
        }
        lookCpuNs = Proc.threadCpuNs();
    }

    private void takeFound() {
        for (Search next = searched.poll(); next != null; next = searched.poll()) {
            next.found.forEach(this::watch);
            if (!brief) {
                Set<Object> open = next.open;
                guests.values().forEach(guest -> forget(guest, open));
            }
        }
    }

    private void watch(Found next) {
        WatchedGuest guest = guests.computeIfAbsent(next.file.guest(), WatchedGuest::new);
        if (!guest.isThere()) {
            listener.found(guest.guest());
        }
        guest.add(next.inode, next.file, page);
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
            lookTimes.add(new LookTime(beforeNs, afterNs));
        }
        lastNs = beforeNs;
        count++;
    }

    // The thread that searches.

    private void searchOnAndOn() {
        NativeBuffer scratch = NativeBuffer.allocate(GuestInfo.BYTES);
        Budget budget = new Budget(SEARCH_SHARE, SEARCH_NS, SEARCH_NS, LONGEST_SEARCH_NS);
        budget.adjust(clock.nanoTime(), Proc.threadCpuNs());
        while (!ended) {
            search(scratch);
            searchCpuNs = Proc.threadCpuNs();
            budget.pause();
            budget.adjust(clock.nanoTime(), Proc.threadCpuNs());
        }
    }

    private void search(NativeBuffer scratch) {
        Set<Object> open = new HashSet<>();
        List<OpenFile> candidates = new ArrayList<>();
        for (int pid : now(processes.get())) {
            List<OpenFile> files = OpenFiles.of(pid).toList();
            quiet.computeIfPresent(pid, (process, times) -> files.isEmpty() ? times + 1 : 0);
            files.forEach(file -> {
                open.add(file.inode());
                holders.computeIfAbsent(file.inode(), inode -> ConcurrentHashMap.newKeySet())
                        .add(pid);
            });
            candidates.addAll(files);
        }
        if (!brief) {
            knownFiles.retainAll(open);
            expected.keySet().retainAll(open);
            holders.keySet().retainAll(open);
        }
        List<Found> found = new ArrayList<>();
        for (OpenFile candidate : candidates) {
            if (!knownFiles.contains(candidate.inode())) {
                consider(candidate, scratch, found);
            }
        }
        searched.add(new Search(open, found));
    }

    /**
     * Those of some processes whose files are to be looked at now: if they are many, each a few times, and then those
     * that had no such file only now and then.
     */
    private List<Integer> now(List<Integer> all) {
        quiet.keySet().retainAll(Set.copyOf(all));
        searches++;
        List<Integer> now = new ArrayList<>();
        for (int pid : all) {
            int times = quiet.computeIfAbsent(pid, process -> 0);
            boolean due = all.size() <= FEW || times < QUIET_SEARCHES || (pid + searches) % SELDOM == 0;
            if (due && pid != Proc.pid()) {
                now.add(pid);
            }
        }
        return now;
    }

    private void consider(OpenFile candidate, NativeBuffer scratch, List<Found> found) {
        GuestRam file = GuestRam.open(candidate.pid(), candidate.descriptor(), scratch);
        if (file == null) {
            expect(candidate, found);
        } else if (Long.valueOf(file.guest()).equals(expected.get(candidate.inode()))) {
            knownFiles.add(candidate.inode());
            file.close(); // it is watched already
        } else if (known.containsKey(file.guest()) || mayBegin.test(candidate.pid())) {
            knownFiles.add(candidate.inode());
            known.put(file.guest(), new Known(candidate.bytes(), file));
            found.add(new Found(candidate.inode(), file));
        } else {
            file.close();
        }
    }

    /** A guest that migrates runs in its new memory before the next search: look at files of the same length, too. */
    private void expect(OpenFile candidate, List<Found> found) {
        for (Known guest : known.values()) {
            if (guest.bytes == candidate.bytes()
                    && expected.putIfAbsent(candidate.inode(), guest.ram.guest()) == null) {
                GuestRam file = GuestRam.expect(guest.ram, candidate.pid(), candidate.descriptor());
                if (file != null) {
                    found.add(new Found(candidate.inode(), file));
                }
            }
        }
    }
}
