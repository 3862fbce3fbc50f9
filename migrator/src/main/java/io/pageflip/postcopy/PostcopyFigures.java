package io.pageflip.postcopy;

/**
 * The figures of the pages that were mapped after the switchover.
 *
 * @param complete whether every page of data is mapped; false after a stop in the middle, which leaves the rest to the
 *     kernel
 * @param faults page faults served
 * @param touchedPages pages mapped because they were touched
 * @param prefetchedPages pages mapped because they lie near a touched one
 * @param backgroundPages pages mapped in the background
 * @param presentPages pages of data that were mapped in none of these ways, because they were mapped before
 * @param lastPageNs time from the start to the last page, in nanoseconds
 */
public record PostcopyFigures(
        boolean complete,
        long faults,
        long touchedPages,
        long prefetchedPages,
        long backgroundPages,
        long presentPages,
        long lastPageNs) {}
