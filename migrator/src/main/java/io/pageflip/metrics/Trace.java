package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When things happened in a migration, as far as the destination knows. Times are CLOCK_MONOTONIC of the host, which
 * both agents share, in nanoseconds.
 *
 * @param sourcePid process number of the source
 * @param destinationPid process number of the destination
 * @param startNs when the source began to prepare the migration
 * @param readyNs when the destination was ready to take the guest
 * @param vcpus one for each vCPU, at least one
 * @param received pages that the destination received, in the pieces in which they came
 * @param batches of pages that the destination mapped in the background after the switchover
 */
public record Trace(
        int sourcePid,
        int destinationPid,
        long startNs,
        long readyNs,
        List<Vcpu> vcpus,
        Slices received,
        Slices batches) {
    public Trace {
        vcpus = List.copyOf(vcpus);
        if (vcpus.isEmpty()) {
            throw new IllegalArgumentException("a trace without a vCPU");
        }
    }

    /** The vCPU that was paused the longest: the one that the phases of the downtime are about. */
    public int longestPaused() {
        int longest = 0;
        for (int i = 1; i < vcpus.size(); i++) {
            if (vcpus.get(i).pausedNs() > vcpus.get(longest).pausedNs()) {
                longest = i;
            }
        }
        return longest;
    }

    /**
     * One vCPU.
     *
     * @param lastInstructionNs when it executed its last instruction at the source
     * @param firstInstructionNs when it executed its first at the destination
     * @param firstBeatNs with a postcopy: when its first heartbeat was in memory; null without
     * @param waits its instructions that waited for a page, without pages
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Vcpu(
            long lastInstructionNs,
            long firstInstructionNs,
            @Nullable Long firstBeatNs,
            Slices waits) {
        /** How long it executed nothing because of the migration. */
        long pausedNs() {
            return firstInstructionNs - lastInstructionNs;
        }
    }

    /**
     * The first pieces of work of one kind, in their order: element by element when each began, and how long it took.
     *
     * @param pages how many pages each was about; empty if that means nothing
     * @param leftOff how many more there were
     */
    public record Slices(List<Long> startNs, List<Long> durationNs, List<Long> pages, long leftOff) {
        /** Maximum number of elements: a report must stay short enough to cross. */
        public static final int MOST = 1 << 10;

        /** Nothing happened. */
        public static final Slices NONE = new Slices(List.of(), List.of(), List.of(), 0);

        public Slices {
            startNs = List.copyOf(startNs);
            durationNs = List.copyOf(durationNs);
            pages = List.copyOf(pages);
            if (startNs.size() > MOST
                    || durationNs.size() != startNs.size()
                    || (!pages.isEmpty() && pages.size() != startNs.size())) {
                throw new IllegalArgumentException("no slices: " + startNs.size() + " beginnings, " + durationNs.size()
                        + " durations, " + pages.size() + " numbers of pages");
            }
        }
    }
}
