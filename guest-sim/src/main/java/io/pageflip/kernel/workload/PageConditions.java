package io.pageflip.kernel.workload;

/** The condition of each page of a guest when it is to be moved. The answers never change. Any thread may ask. */
public interface PageConditions {
    /** Whether every page is plain, and nothing happens to it. */
    boolean allPlain();

    /** Whether the 512 pages of a chunk of 2 MiB, all of which the guest has, are one huge page. */
    boolean isHuge(long chunk);

    /** The condition of a page of a chunk that is not huge. */
    Condition of(long page);

    /** Whether something happens to a page at the worst moment, whatever its condition. */
    boolean races(long page);
}
