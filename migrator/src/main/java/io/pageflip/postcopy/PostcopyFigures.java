package io.pageflip.postcopy;

/**
 * What became of the pages that were mapped after the switchover.
 *
 * @param complete whether every page of data is mapped; false after a stop in the middle, which leaves the rest to the
 *     kernel
 * @param faults page faults served
 * @param touchedPages mapped because they were touched
 * @param prefetchedPages mapped because they lie near a touched one
 * @param backgroundPages mapped without being asked for
 * @param presentPages of data that were mapped beforehand, by none of these
 * @param lastPageNs from the start to the last page
 */
public record PostcopyFigures(
        boolean complete,
        long faults,
        long touchedPages,
        long prefetchedPages,
        long backgroundPages,
        long presentPages,
        long lastPageNs) {}
