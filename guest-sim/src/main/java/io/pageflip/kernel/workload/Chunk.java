package io.pageflip.kernel.workload;

import java.util.Arrays;

/**
 * The conditions of 512 consecutive pages of the guest, or of the fewer at its end. Made once, and loaded with one
 * chunk after the other.
 */
final class Chunk {
    /** Pages of a huge page. */
    static final int PAGES = 512;

    private final PageConditions conditions;
    private final Condition[] kinds = new Condition[PAGES];
    private final boolean[] races = new boolean[PAGES];
    private long first;
    private int pages;

    Chunk(PageConditions conditions) {
        this.conditions = conditions;
        Arrays.fill(kinds, Condition.PLAIN);
    }

    /** Becomes chunk {@code number} of a guest of {@code guestPages} pages. */
    void load(long number, long guestPages) {
        first = number * PAGES;
        pages = (int) Math.min(PAGES, guestPages - first);
        if (conditions.allPlain()) {
            return;
        }
        boolean huge = pages == PAGES && conditions.isHuge(number);
        for (int i = 0; i < pages; i++) {
            kinds[i] = huge ? Condition.HUGE : conditions.of(first + i);
            races[i] = conditions.races(first + i);
        }
    }

    int pages() {
        return pages;
    }

    boolean isHuge() {
        return kinds[0] == Condition.HUGE;
    }

    Condition condition(int page) {
        return kinds[page];
    }

    boolean races(int page) {
        return races[page];
    }

    /** The number of the page in the guest. */
    long number(int page) {
        return first + page;
    }

    /**
     * The number of pages from {@code page} on that one call can move, {@code most} at most. They have the same
     * condition; a page that is not aligned, or that something happens to, goes alone.
     */
    int run(int page, int most) {
        int alike = alike(page, most);
        for (int i = 0; i < alike; i++) {
            if (races[page + i]) {
                return Math.max(1, i);
            }
        }
        return alike;
    }

    /** As {@link #run}, whatever happens to the pages. */
    int alike(int page, int most) {
        if (kinds[page] == Condition.UNALIGNED) {
            return 1;
        }
        int end = page + 1;
        int limit = Math.min(pages, page + most);
        while (end < limit && kinds[end] == kinds[page]) {
            end++;
        }
        return end - page;
    }
}
