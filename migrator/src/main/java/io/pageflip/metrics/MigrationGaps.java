package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The gaps in the guest's heartbeat from when the source began to prepare until both agents were done: the downtime,
 * and all that the agents cost the guest before and after it. A gap counts if it is longer than {@link #LEAST_NS}; of
 * those that end in the same millisecond, only the longest is known.
 *
 * @param count number of gaps
 * @param longest at most {@link #MOST} of them, the longest first
 */
public record MigrationGaps(int count, List<Gap> longest) {
    /** A gap that is not longer does not count, in nanoseconds. */
    public static final long LEAST_NS = 50_000;

    /** Maximum number of gaps in {@code longest}: the report has to fit into one message. */
    public static final int MOST = 100;

    /** What the agents were doing. */
    public enum Phase {
        /** The source prepares, and the destination gets ready. */
        PREPARING,
        /** Both are ready: what must cross before the pause crosses. */
        READY,
        /** The guest is paused. */
        PAUSED,
        /** The guest runs at the destination, and both agents finish their work. */
        FINISHING;

        @Override
        @JsonValue
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A time without a heartbeat of some vCPU.
     *
     * @param fromNs when it began, relative to the last instruction at the source, in nanoseconds. Known to a
     *     millisecond
     * @param ns how long it was
     * @param phase in which it ended
     */
    public record Gap(long fromNs, long ns, Phase phase) {}

    public MigrationGaps {
        longest = List.copyOf(longest);
    }

    /** Keeps the longest of all gaps. */
    public static MigrationGaps of(List<Gap> all) {
        return new MigrationGaps(
                all.size(),
                all.stream()
                        .sorted(Comparator.comparingLong(Gap::ns).reversed())
                        .limit(MOST)
                        .toList());
    }
}
