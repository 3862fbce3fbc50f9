package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * How many instructions the guest executed around the switchover, all vCPUs together, in slots of equal length: the
 * brownout.
 *
 * @param slotNs the length of a slot, in nanoseconds
 * @param fromNs when the first slot begins, relative to the last instruction at the source; negative
 * @param lastInstructionNs when that was: CLOCK_MONOTONIC of the host. It ties the report to what others saw
 * @param instructions executed in each slot, up to when the guest was stopped
 * @param rateBefore instructions a second before the source began to prepare; see {@link GuestTimeLost#rateBefore}. 0
 *     if it is not known
 * @param recoveredNs from the last instruction at the source until the guest was back to 95 % of that rate: the
 *     beginning of the first window of ten slots after the switchover that reaches it. Null if none did, or if
 *     {@code rateBefore} is not known
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Throughput(
        long slotNs,
        long fromNs,
        long lastInstructionNs,
        List<Long> instructions,
        long rateBefore,
        @Nullable Long recoveredNs) {
    private static final int WINDOW = 10;
    private static final int RECOVERED_PERCENT = 95;
    private static final double NS_PER_S = 1e9;

    public Throughput {
        instructions = List.copyOf(instructions);
    }

    /**
     * Finds out when the guest was back to its earlier rate.
     *
     * @param instructions of each slot
     * @param fromNs when the first of them begins, relative to the last instruction at the source
     * @param lastInstructionNs when that was
     * @param resumedNs when every vCPU had executed its first instruction at the destination, relative to the last
     *     instruction at the source
     * @param rateBefore instructions a second before the source began to prepare; 0 if it is not known
     */
    public static Throughput of(
            long slotNs,
            long fromNs,
            long lastInstructionNs,
            List<Long> instructions,
            long resumedNs,
            long rateBefore) {
        return new Throughput(
                slotNs,
                fromNs,
                lastInstructionNs,
                instructions,
                rateBefore,
                recoveredNs(
                        slotNs, fromNs, windows(instructions), rateBefore * (WINDOW * slotNs / NS_PER_S), resumedNs));
    }

    private static long[] windows(List<Long> instructions) {
        return LongStream.rangeClosed(0, instructions.size() - WINDOW)
                .map(first -> instructions.subList((int) first, (int) first + WINDOW).stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .toArray();
    }

    private static @Nullable Long recoveredNs(long slotNs, long fromNs, long[] windows, double normal, long resumedNs) {
        long first = Math.max(0, Math.floorDiv(resumedNs - fromNs, slotNs));
        for (long i = first; normal > 0 && i < windows.length; i++) {
            if (windows[(int) i] * 100 >= normal * RECOVERED_PERCENT) {
                return Math.max(resumedNs, fromNs + i * slotNs);
            }
        }
        return null;
    }
}
