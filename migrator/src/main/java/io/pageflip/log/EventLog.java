package io.pageflip.log;

import io.pageflip.os.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Takes the events of one side. Any thread may call it, a vCPU's too: it allocates nothing, and neither formats nor
 * writes. An event's detail becomes text later, on another thread, by its {@code toString()}, so the detail must not
 * change.
 *
 * <p>All logs of a process go to its one {@link LogOutput}; while there is none, events are dropped.
 */
public final class EventLog {
    /** Drops all events. For scratch objects, whose events are not those of a migration. */
    public static final EventLog NONE = new EventLog(null);

    private static volatile @Nullable EventQueue output;

    private final @Nullable String side;

    private EventLog(@Nullable String side) {
        this.side = side;
    }

    /**
     * The log of a side.
     *
     * @param side {@code source}, {@code destination}, or the command that started both
     */
    public static EventLog of(String side) {
        return new EventLog(side);
    }

    /** Whether somebody reads the log. If not, a caller need not do work for an event's detail. */
    public boolean isOn() {
        return output != null && side != null;
    }

    /** Logs that something happened just now. */
    public void event(String what) {
        add(what, null, 0);
    }

    /** As {@link #event(String)}, with a detail. */
    public void event(String what, Object detail) {
        add(what, detail, 0);
    }

    /**
     * Logs that something happened a while ago, when nobody could log it.
     *
     * @param atNs {@code CLOCK_MONOTONIC} then; 0 if it did not happen
     */
    public void eventAt(long atNs, String what) {
        if (atNs != 0) {
            add(what, null, atNs);
        }
    }

    /** As {@link #eventAt(long, String)}, with a detail. */
    public void eventAt(long atNs, String what, Object detail) {
        if (atNs != 0) {
            add(what, detail, atNs);
        }
    }

    /**
     * {@code CLOCK_MONOTONIC} now, for an event that will be logged with {@link #eventAt} when it has ended well; 0 if
     * nobody reads the log.
     */
    public long nowNs() {
        return isOn() ? NanoClock.SYSTEM.nanoTime() : 0;
    }

    private void add(String what, @Nullable Object detail, long atNs) {
        EventQueue queue = output;
        if (queue != null && side != null) {
            queue.add(atNs == 0 ? NanoClock.SYSTEM.nanoTime() : atNs, side, what, detail);
        }
    }

    /** Sends all events to {@code queue} from now on; null drops them. */
    static void writeTo(@Nullable EventQueue queue) {
        output = queue;
    }
}
