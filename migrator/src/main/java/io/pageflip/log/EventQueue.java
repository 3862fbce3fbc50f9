package io.pageflip.log;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A ring of slots that takes events from the threads that report them to the one thread that writes them. Any thread
 * may add, without a lock, a system call or an allocation; one thread takes. If no slot is free, the event is lost, and
 * counted.
 */
final class EventQueue {
    private static final int SLOTS = 4096;

    private final Slot[] slots = new Slot[SLOTS];
    private final AtomicLong tail = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private long head;

    EventQueue() {
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(i);
        }
    }

    /** Adds an event, if there is room. */
    void add(long atNs, String side, String what, @Nullable Object detail) {
        while (true) {
            long ticket = tail.get();
            Slot slot = slots[(int) (ticket % SLOTS)];
            if (slot.turn < ticket) {
                lost.incrementAndGet(); // the slot still holds an event that nobody has taken
                return;
            }
            if (slot.turn == ticket && tail.compareAndSet(ticket, ticket + 1)) {
                slot.atNs = atNs;
                slot.side = side;
                slot.what = what;
                slot.detail = detail;
                slot.turn = ticket + 1;
                return;
            }
        }
    }

    /** Takes the oldest event out of the queue; returns null if there is none. */
    @Nullable
    Event take() {
        Slot slot = slots[(int) (head % SLOTS)];
        if (slot.turn != head + 1) {
            return null;
        }
        Event event = new Event(slot.atNs, slot.side, slot.what, slot.detail);
        slot.detail = null;
        slot.turn = head + SLOTS;
        head++;
        return event;
    }

    /** How many events were lost since the last call. */
    long takeLost() {
        return lost.getAndSet(0);
    }

    /**
     * An event.
     *
     * @param atNs {@code CLOCK_MONOTONIC}
     * @param side whose event it is
     */
    record Event(
            long atNs, String side, String what, @Nullable Object detail) {}

    /**
     * Room for an event. A turn of n means that the holder of ticket n may fill it; n + 1, that its event can be taken.
     */
    private static final class Slot {
        long atNs;
        String side = "";
        String what = "";

        @Nullable
        Object detail;

        volatile long turn;

        Slot(long turn) {
            this.turn = turn;
        }
    }
}
