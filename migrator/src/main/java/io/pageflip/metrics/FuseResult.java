package io.pageflip.metrics;

/**
 * The pages that went through a FUSE file.
 *
 * @param writeBackRunningNs that it took to write dirty pages to the disk while the guest ran
 * @param writeBackStandingNs the same while it was paused, and to unmap all pages: a part of the downtime's
 *     {@code stop}
 * @param reads requests of the kernel that were answered
 * @param splicedPages pages that went through the pipe, holes included
 */
public record FuseResult(long writeBackRunningNs, long writeBackStandingNs, long reads, long splicedPages) {}
