package io.pageflip.observer;

import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One guest, and every file in which its memory lies now. It owns those. Used by one thread, but for the methods that
 * say otherwise.
 */
final class WatchedGuest implements AutoCloseable {
    private final long guest;
    private final Map<Object, GuestRam> files = new LinkedHashMap<>();
    private final GapFinder gaps = new GapFinder();
    private boolean uncertain;
    private volatile long newNs;
    private volatile @Nullable Object ranIn;

    WatchedGuest(long guest) {
        this.guest = guest;
    }

    long guest() {
        return guest;
    }

    /** Adds a file, which this guest owns from now on. */
    void add(Object inode, GuestRam file, NativeBuffer page) {
        // A silent guest whose count is larger there has run there already, and nobody knows since when.
        uncertain |= gaps.unended() != null && file.beats(page) > gaps.beats();
        GuestRam former = files.put(inode, file);
        if (former != null) {
            former.close();
        }
    }

    /** Closes the files that no process has open any more. Their memory is freed when the last one closes them. */
    void keep(Set<Object> open) {
        files.entrySet().removeIf(entry -> {
            boolean gone = !open.contains(entry.getKey());
            if (gone) {
                entry.getValue().close();
            }
            return gone;
        });
    }

    /** Whether some process has its memory. */
    boolean isThere() {
        return !files.isEmpty();
    }

    /**
     * Looks once; returns the gap that ended with this look, if one did. Whether that is certain, {@link #takeCertain}
     * says.
     */
    @Nullable
    Gap look(NanoClock clock, NativeBuffer page) {
        long beforeNs = clock.nanoTime();
        long most = -1;
        Object fullest = null;
        for (Map.Entry<Object, GuestRam> file : files.entrySet()) {
            long seen = file.getValue().beats(page);
            fullest = seen > most ? file.getKey() : fullest;
            most = Math.max(most, seen);
        }
        if (most < 0) {
            return null;
        }
        if (most > gaps.beats()) {
            ranIn = fullest;
        }
        Gap ended = gaps.look(beforeNs, clock.nanoTime(), most);
        newNs = gaps.newNs();
        return ended;
    }

    /** Whether the guest was watched all through the gap that ended last. */
    boolean takeCertain() {
        boolean certain = !uncertain;
        uncertain = false;
        return certain;
    }

    /** CLOCK_MONOTONIC after the last look that saw a new heartbeat; 0 if none has. Any thread may ask. */
    long newNs() {
        return newNs;
    }

    /** The inode of the file in which it was last seen to run; null if it never was. Any thread may ask. */
    @Nullable
    Object ranIn() {
        return ranIn;
    }

    /** See {@link GapFinder#unended}. */
    @Nullable
    Gap unended() {
        return gaps.unended();
    }

    @Override
    public void close() {
        keep(Set.of());
    }
}
