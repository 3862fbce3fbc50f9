package io.pageflip.metrics;

/**
 * Figures of a migration through a FUSE file. Times are in nanoseconds.
 *
 * @param writeBackRunningNs time to write dirty pages to the disk while the guest ran
 * @param writeBackStandingNs time to do the same, and to unmap all pages, while the guest was paused: a part of the
 *     downtime's {@code stop}
 * @param reads requests of the kernel that were answered
 * @param splicedPages pages that went through the pipe, holes included
 */
public record FuseResult(long writeBackRunningNs, long writeBackStandingNs, long reads, long splicedPages) {}
