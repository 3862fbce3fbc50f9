package io.pageflip.observer;

import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.observer.OpenFiles.OpenFile;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Proc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * Finds guests, and the memory of known ones in other processes. Whoever takes a result owns the files in it. Used by
 * one thread, but for the methods that say otherwise.
 */
final class GuestSearch {
    private static final int WARM_UPS = 20;

    /** A process without files of interest is looked at so often, and then in each of so many searches. */
    private static final int QUIET_SEARCHES = 200;

    private static final int SELDOM = 32;

    /** No more processes than this are looked at in each search. */
    private static final int FEW = 16;

    /** A guest, and the length of the file that its RAM lies in. */
    private record Known(long bytes, GuestRam ram) {}

    /** A file with guest RAM, or with room for it. */
    record Found(Object inode, GuestRam file) {}

    /**
     * What one search has found.
     *
     * @param open all files in memory that processes have open
     * @param found those with guest RAM that no earlier search has found
     */
    record Result(Set<Object> open, List<Found> found) {}

    private final Supplier<List<Integer>> processes;
    private final IntPredicate mayBegin;
    private final boolean brief;
    private final NativeBuffer page = NativeBuffer.allocate(GuestInfo.BYTES);
    private final Set<Object> knownFiles = new HashSet<>();
    private final Map<Object, Long> expected = new HashMap<>();
    private final Map<Long, Known> known = new HashMap<>();

    /** For each process, how many searches in a row have found nothing to look at. */
    private final Map<Integer, Integer> quiet = new HashMap<>();

    private int searches;

    /** Which processes had a file open, of those that the search saw. Any thread may read it. */
    private final Map<Object, Set<Integer>> holders = new ConcurrentHashMap<>();

    /** For the parameters, see {@link Observer}. */
    GuestSearch(Supplier<List<Integer>> processes, IntPredicate mayBegin, boolean brief) {
        this.processes = processes;
        this.mayBegin = mayBegin;
        this.brief = brief;
    }

    /** Interpreted code would take many times as long for a search. */
    static void warmUp() {
        for (int i = 0; i < WARM_UPS; i++) {
            OpenFiles.of(Proc.pid()).forEach(file -> {});
        }
    }

    /** Whether a process had a file open, when it was last looked at. Any thread may ask. */
    boolean hasSeenOpen(Object inode, int pid) {
        return holders.getOrDefault(inode, Set.of()).contains(pid);
    }

    /** Whether some search has seen memory of a process. Any thread may ask. */
    boolean hasFoundMemoryOf(int pid) {
        return holders.values().stream().anyMatch(pids -> pids.contains(pid));
    }

    /** Looks at all processes once. */
    Result search() {
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
                consider(candidate, found);
            }
        }
        return new Result(open, found);
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

    private void consider(OpenFile candidate, List<Found> found) {
        GuestRam file = GuestRam.open(candidate.pid(), candidate.descriptor(), page);
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
