package io.pageflip.kernel;

import java.util.EnumMap;

/**
 * How many decisions a mechanism took, by outcome and reason: one for each page, or part of a page, that it was
 * offered. Counting allocates nothing. Not thread-safe.
 *
 * @param <R> the reasons of that mechanism
 */
public final class Tally<R extends Enum<R>> {
    private final EnumMap<Outcome, Counters<R>> decisions = new EnumMap<>(Outcome.class);
    private final EnumMap<Outcome, Counters<R>> bytes = new EnumMap<>(Outcome.class);

    /** A tally whose counts are all 0. */
    public Tally(Class<R> reasonType) {
        for (Outcome outcome : Outcome.values()) {
            decisions.put(outcome, new Counters<>(reasonType));
            bytes.put(outcome, new Counters<>(reasonType));
        }
    }

    void add(Outcome outcome, R reason, long length) {
        of(decisions, outcome).add(reason, 1);
        of(bytes, outcome).add(reason, length);
    }

    /** Decisions with that outcome for that reason. */
    public long count(Outcome outcome, R reason) {
        return of(decisions, outcome).get(reason);
    }

    /** Bytes with that outcome for that reason. */
    public long bytes(Outcome outcome, R reason) {
        return of(bytes, outcome).get(reason);
    }

    /** Decisions with that outcome. */
    public long count(Outcome outcome) {
        return of(decisions, outcome).sum();
    }

    /** Bytes with that outcome. */
    public long bytes(Outcome outcome) {
        return of(bytes, outcome).sum();
    }

    /** All decisions: the pages, and parts of pages, that were offered. */
    public long offered() {
        return decisions.values().stream().mapToLong(Counters::sum).sum();
    }

    /** Bytes of all decisions. */
    public long offeredBytes() {
        return bytes.values().stream().mapToLong(Counters::sum).sum();
    }

    /** Adds what another tally has counted. */
    public void addAll(Tally<R> other) {
        for (Outcome outcome : Outcome.values()) {
            of(decisions, outcome).addAll(of(other.decisions, outcome));
            of(bytes, outcome).addAll(of(other.bytes, outcome));
        }
    }

    private static <R extends Enum<R>> Counters<R> of(EnumMap<Outcome, Counters<R>> by, Outcome outcome) {
        Counters<R> counters = by.get(outcome);
        if (counters == null) {
            throw new IllegalStateException("nothing counted for " + outcome);
        }
        return counters;
    }
}
