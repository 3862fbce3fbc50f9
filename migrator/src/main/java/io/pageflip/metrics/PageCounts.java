package io.pageflip.metrics;

import java.util.Map;
import java.util.TreeMap;

/**
 * How the pages of one block, or of all blocks, crossed, counted in each block's own pages.
 *
 * @param total pages there are
 * @param moved pages whose frame is the destination's now
 * @param copied pages whose bytes were written into another frame
 * @param declined pages that the kernel declined to move, and that were not copied either
 * @param zero pages where nothing was, and nothing crossed: holes, and pages that a copying mechanism found all zeros
 * @param copyReasons the copied pages by {@link CopyReason}'s name
 * @param declineReasons the declined pages by {@link DeclineReason}'s name
 */
public record PageCounts(
        long total,
        long moved,
        long copied,
        long declined,
        long zero,
        Map<String, Long> copyReasons,
        Map<String, Long> declineReasons) {
    public PageCounts {
        copyReasons = new TreeMap<>(copyReasons);
        declineReasons = new TreeMap<>(declineReasons);
    }

    /** No pages at all. */
    public static final PageCounts NONE = new PageCounts(0, 0, 0, 0, Map.of());

    /** Counts without declined pages. */
    public PageCounts(long total, long moved, long copied, long zero, Map<String, Long> copyReasons) {
        this(total, moved, copied, 0, zero, copyReasons, Map.of());
    }

    /** The counts of a block whose copied and declined pages are counted by reason. */
    public static PageCounts of(
            long total, long moved, long zero, Map<CopyReason, Long> copied, Map<DeclineReason, Long> declined) {
        Map<String, Long> copyReasons = byName(copied);
        Map<String, Long> declineReasons = byName(declined);
        return new PageCounts(total, moved, sum(copyReasons), sum(declineReasons), zero, copyReasons, declineReasons);
    }

    /** The counts by the reason's name, without the reasons that no page has. */
    private static Map<String, Long> byName(Map<?, Long> counts) {
        Map<String, Long> byName = new TreeMap<>();
        counts.forEach((reason, count) -> {
            if (count > 0) {
                byName.put(reason.toString(), count);
            }
        });
        return byName;
    }

    /** All pages but the zero ones. */
    public long crossed() {
        return moved + copied + declined;
    }

    /** Whether every page is counted exactly once, and each copied or declined page has a reason. */
    public boolean addsUp() {
        return crossed() + zero == total && sum(copyReasons) == copied && sum(declineReasons) == declined;
    }

    public PageCounts plus(PageCounts other) {
        return new PageCounts(
                total + other.total,
                moved + other.moved,
                copied + other.copied,
                declined + other.declined,
                zero + other.zero,
                sums(copyReasons, other.copyReasons),
                sums(declineReasons, other.declineReasons));
    }

    private static long sum(Map<String, Long> reasons) {
        return reasons.values().stream().mapToLong(Long::longValue).sum();
    }

    private static Map<String, Long> sums(Map<String, Long> one, Map<String, Long> other) {
        Map<String, Long> sums = new TreeMap<>(one);
        other.forEach((reason, count) -> sums.merge(reason, count, Long::sum));
        return sums;
    }
}
