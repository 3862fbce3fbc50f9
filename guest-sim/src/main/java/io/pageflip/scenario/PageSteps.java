package io.pageflip.scenario;

import java.util.function.Consumer;

/**
 * Counts the pages that have crossed, and reports when the first of them have, and when half of them have. Belongs to
 * one thread.
 */
public final class PageSteps {
    private final long total;
    private final Consumer<Step> reached;
    private long pages;

    /**
     * A count that starts at 0.
     *
     * @param total the number of all pages
     * @param reached called with {@link Step#FIRST_PAGES} and {@link Step#HALF_PAGES}, once each
     */
    public PageSteps(long total, Consumer<Step> reached) {
        this.total = total;
        this.reached = reached;
    }

    /** The number of all pages. */
    public long total() {
        return total;
    }

    /**
     * Adds {@code more} pages that have crossed.
     *
     * @return how many have crossed by now
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
