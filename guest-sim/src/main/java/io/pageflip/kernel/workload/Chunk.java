package io.pageflip.kernel.workload;

import java.util.Arrays;

/** What 512 consecutive pages of the guest, or the fewer at its end, are like. Made once and loaded again. */
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

    /** Becomes chunk {@code number} of a guest of so many pages. */
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
     * Pages from {@code page} on that can go with one call, {@code most} at most: of the same condition; one that is
     * not aligned, or that something happens to, goes alone.
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

    /** The same, whatever happens to them. */
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
