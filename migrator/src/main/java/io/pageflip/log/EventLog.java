package io.pageflip.log;

import io.pageflip.os.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Takes the events of one side. Any thread may call it, a vCPU's too: it allocates nothing, and neither formats nor
 * writes. An event's detail becomes text later, on another thread, by its {@code toString()}: it must not change.
 *
 * <p>All logs of a process go to its one {@link LogOutput}; while there is none, events are forgotten.
 */
public final class EventLog {
    /** For scratch objects, whose events are not those of a migration. */
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

    /** Whether somebody reads the log: what costs anything to find out need not be found out otherwise. */
    public boolean isOn() {
        return output != null && side != null;
    }

    /** Something happened just now. */
    public void event(String what) {
        add(what, null, 0);
    }

    /** The same, with what it happened to. */
    public void event(String what, Object detail) {
        add(what, detail, 0);
    }

    /**
     * Something happened a while ago, where nobody could log it.
     *
     * @param atNs {@code CLOCK_MONOTONIC} then; 0 if it did not happen
     */
    public void eventAt(long atNs, String what) {
        if (atNs != 0) {
            add(what, null, atNs);
        }
    }

    /** The same, with what it happened to. */
    public void eventAt(long atNs, String what, Object detail) {
        if (atNs != 0) {
            add(what, detail, atNs);
        }
    }

    /** {@code CLOCK_MONOTONIC} for an event that is logged when it has ended well; 0 if nobody reads the log. */
    public long nowNs() {
        return isOn() ? NanoClock.SYSTEM.nanoTime() : 0;
    }

    private void add(String what, @Nullable Object detail, long atNs) {
        EventQueue queue = output;
        if (queue != null && side != null) {
            queue.add(atNs == 0 ? NanoClock.SYSTEM.nanoTime() : atNs, side, what, detail);
        }
    }

    /** From now on events go there; null for nowhere. */
    static void writeTo(@Nullable EventQueue queue) {
        output = queue;
    }
}
