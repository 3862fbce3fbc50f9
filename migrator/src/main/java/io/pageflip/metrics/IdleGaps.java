package io.pageflip.metrics;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The gaps in the guest's heartbeat that no migration caused: those after it had settled at the destination. They show
 * what the machine itself does; compare a downtime with them. In nanoseconds.
 *
 * @param watched how long the guest was watched for them
 * @param max the longest gap; 0 if there was none
 * @param longest the longest gaps, of different milliseconds, the longest first
 */
public record IdleGaps(long watched, long max, List<Long> longest) {
    /** Maximum number of gaps in {@code longest}. */
    public static final int MOST = 5;

    public IdleGaps {
        longest = List.copyOf(longest);
    }

    /**
     * Keeps the longest gaps.
     *
     * @param gaps of different milliseconds, in any order
     */
    public static IdleGaps of(long watched, Stream<Long> gaps) {
        List<Long> longest = gaps.sorted(Comparator.reverseOrder()).limit(MOST).toList();
        return new IdleGaps(watched, longest.isEmpty() ? 0 : longest.get(0), longest);
    }

    /** The idle gaps of two runs together. */
    public IdleGaps plus(IdleGaps other) {
        return of(watched + other.watched, Stream.concat(longest.stream(), other.longest.stream()));
    }
}
