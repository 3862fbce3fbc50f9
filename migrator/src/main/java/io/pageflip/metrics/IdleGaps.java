package io.pageflip.metrics;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The gaps in the guest's heartbeat that no migration caused: when it had settled at the destination. What the machine
 * itself does, to compare a downtime with. Nanoseconds.
 *
 * @param watched how long the guest was watched for them
 * @param max the longest; 0 if there was none
 * @param longest the longest ones, of different milliseconds, the longest first
 */
public record IdleGaps(long watched, long max, List<Long> longest) {
    /** So many of the longest are kept. */
    public static final int MOST = 5;

    public IdleGaps {
        longest = List.copyOf(longest);
    }

    /**
     * Keeps the longest ones.
     *
     * @param gaps of different milliseconds, in any order
     */
    public static IdleGaps of(long watched, Stream<Long> gaps) {
        List<Long> longest = gaps.sorted(Comparator.reverseOrder()).limit(MOST).toList();
        return new IdleGaps(watched, longest.isEmpty() ? 0 : longest.get(0), longest);
    }

    /** Those of two runs together. */
    public IdleGaps plus(IdleGaps other) {
        return of(watched + other.watched, Stream.concat(longest.stream(), other.longest.stream()));
    }
}
