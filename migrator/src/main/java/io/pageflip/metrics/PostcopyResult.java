package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * How the postcopy pages were mapped. Touched, prefetched and background pages add up to all of them.
 *
 * @param faults page faults served
 * @param touchedPages mapped because a vCPU, or the agent, touched them
 * @param prefetchedPages mapped because they lie near a touched one
 * @param backgroundPages mapped in the background, without a touch
 * @param waits instructions that waited for a page
 * @param waitNs how long these waited, from before the touch to after it; percentiles of the first 65,536 of each vCPU
 * @param lastPageNs from the first instruction (or the moment when the agent saw it) until the last page was mapped
 * @param recoveries how often the connection to a source that was still needed broke, and came back
 * @param pausedNs how long nothing could be fetched because of that
 */
public record PostcopyResult(
        long faults,
        long touchedPages,
        long prefetchedPages,
        long backgroundPages,
        long waits,
        Wait waitNs,
        long lastPageNs,
        int recoveries,
        long pausedNs) {
    /** Percentiles, in nanoseconds; 0 where nobody waited. */
    public record Wait(
            long p50,
            long p90,
            long p99,
            @JsonProperty("p99.9") long p999,
            long max) {}
}
