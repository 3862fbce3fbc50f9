package io.pageflip.metrics;

import java.util.Map;
import java.util.TreeMap;

/**
 * How the pages of one block, or of all, crossed, in pages of the block.
 *
 * @param total pages there are
 * @param moved pages whose frame is the destination's now
 * @param copied pages whose bytes were written into another frame
 * @param zero pages where nothing was, and nothing crossed: holes, and pages that a copying mechanism found all zeros
 * @param copyReasons the copied pages by {@link CopyReason}'s name
 */
public record PageCounts(long total, long moved, long copied, long zero, Map<String, Long> copyReasons) {
    public PageCounts {
        copyReasons = new TreeMap<>(copyReasons);
    }

    /** No pages at all. */
    public static final PageCounts NONE = new PageCounts(0, 0, 0, 0, Map.of());

    /** Whether every page is accounted for, once, and every copy has a reason. */
    public boolean addsUp() {
        long reasons = copyReasons.values().stream().mapToLong(Long::longValue).sum();
        return moved + copied + zero == total && reasons == copied;
    }

    public PageCounts plus(PageCounts other) {
        Map<String, Long> reasons = new TreeMap<>(copyReasons);
        other.copyReasons.forEach((reason, count) -> reasons.merge(reason, count, Long::sum));
        return new PageCounts(
                total + other.total, moved + other.moved, copied + other.copied, zero + other.zero, reasons);
    }
}
