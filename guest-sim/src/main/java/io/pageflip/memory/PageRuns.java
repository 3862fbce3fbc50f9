package io.pageflip.memory;

/**
 * A walk over runs of consecutive pages of a {@link PageBitmap}, or of pages that are not in it, in order:
 *
 * <pre>
 *   for (PageRuns runs = set.runs(); runs.next(); ) {
 *       use(runs.first(), runs.count());
 *   }
 * </pre>
 *
 * <p>It is one small object, and there is no lambda, so it may be used while the guest is paused. Pages that the walk
 * has passed may be added to the set meanwhile. Used by one thread.
 */
public final class PageRuns {
    private final PageBitmap set;
    private final boolean members;
    private final long to;
    private long first;
    private long end;

    PageRuns(PageBitmap set, boolean members, long from, long to) {
        this.set = set;
        this.members = members;
        this.to = to;
        this.end = from;
    }

    /** Moves to the next run; false if there is none. */
    public boolean next() {
        first = members ? set.nextSet(end) : set.nextClear(end);
        if (first >= to) {
            return false;
        }
        end = Math.min(to, members ? set.nextClear(first) : set.nextSet(first));
        return true;
    }

    /** The first page of this run. */
    public long first() {
        return first;
    }

    /** The page after the last one of this run. */
    public long end() {
        return end;
    }

    /** The number of pages of this run. */
    public long count() {
        return end - first;
    }

    /** This run as a value. */
    public PageRange range() {
        return new PageRange(first, end - first);
    }
}
