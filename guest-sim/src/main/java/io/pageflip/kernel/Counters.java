package io.pageflip.kernel;

import java.util.EnumMap;

/** A number for each constant of an enum. Counting allocates nothing. */
final class Counters<E extends Enum<E>> {
    private final EnumMap<E, Counter> counters;

    Counters(Class<E> type) {
        counters = new EnumMap<>(type);
        for (E constant : type.getEnumConstants()) {
            counters.put(constant, new Counter());
        }
    }

    private static final class Counter {
        private long value;
    }

    void add(E constant, long amount) {
        of(constant).value += amount;
    }

    long get(E constant) {
        return of(constant).value;
    }

    long sum() {
        long sum = 0;
        for (Counter counter : counters.values()) {
            sum += counter.value;
        }
        return sum;
    }

    void addAll(Counters<E> other) {
        other.counters.forEach((constant, counter) -> add(constant, counter.value));
    }

    private Counter of(E constant) {
        Counter counter = counters.get(constant);
        if (counter == null) {
            throw new IllegalStateException("no counter for " + constant);
        }
        return counter;
    }
}
