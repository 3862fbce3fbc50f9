package io.pageflip.metrics;

/**
 * The phases of the downtime, in nanoseconds. They add up to it exactly, because each begins where the one before ends.
 * Work of the source while the destination was still busy with pages counts as {@code pages}.
 * {@code destination.Timeline} computes them from the time marks of both agents.
 *
 * @param stop from the last guest instruction until all vCPUs are paused and the first page may go
 * @param pages until the destination has the last page that crosses in the downtime
 * @param save until the guest's state lies in the shared page
 * @param release until the source has released the run token's lock and told the destination
 * @param notice until the destination has seen that the lock is free
 * @param lock until the destination holds the lock, in the source's epoch
 * @param load until the destination has loaded the state and stored its own epoch
 * @param resume until the first guest instruction
 */
public record DowntimePhases(
        long stop, long pages, long save, long release, long notice, long lock, long load, long resume) {
    /** The downtime. */
    public long total() {
        return stop + pages + save + release + notice + lock + load + resume;
    }
}
