package io.pageflip.scenario;

import java.util.function.Consumer;

/** Counts the pages that have crossed, and says when the first and the half of them have. Belongs to one thread. */
public final class PageSteps {
    private final long total;
    private final Consumer<Step> reached;
    private long pages;

    /**
     * A count that starts at 0.
     *
     * @param total pages there are
     * @param reached told of {@link Step#FIRST_PAGES} and {@link Step#HALF_PAGES}, once each
     */
    public PageSteps(long total, Consumer<Step> reached) {
        this.total = total;
        this.reached = reached;
    }

    /** Pages there are. */
    public long total() {
        return total;
    }

    /**
     * So many more pages have crossed.
     *
     * @return how many have by now
     */
    public long add(long more) {
        boolean first = pages == 0;
        boolean half = pages < total / 2 && pages + more >= total / 2;
        pages += more;
        if (first) {
            reached.accept(Step.FIRST_PAGES);
        }
        if (half) {
            reached.accept(Step.HALF_PAGES);
        }
        return pages;
    }
}
