package io.pageflip.metrics;

/**
 * What the downtime was made of, in nanoseconds; the parts add up to it exactly, since each ends where the next begins.
 *
 * @param stop from the last guest instruction until all vCPUs stand and the first page may go
 * @param pages until the destination has the last page
 * @param state until it has the guest's state, has checked that no page is missing, and has loaded it
 * @param token until it holds the run token's lock and has stored its epoch
 * @param resume until the first guest instruction
 */
public record DowntimePhases(long stop, long pages, long state, long token, long resume) {
    /** The downtime. */
    public long total() {
        return stop + pages + state + token + resume;
    }
}
