package io.pageflip.request;

/**
 * How a destination maps pages after the switchover.
 *
 * @param prefetchPages the window around a touched page, in pages of its block, 1 or more
 * @param batchPages maximum number of pages that one call of the background mover maps, 1 or more
 * @param recoverTimeoutNs how long a source that is still needed may take to connect again if its connection breaks, in
 *     nanoseconds
 */
public record PostcopySettings(int prefetchPages, int batchPages, long recoverTimeoutNs) {
    /**
     * A window of 64 KiB, as the kernel's own fault-around has it; a batch that keeps a fault waiting for some 20 us;
     * half a minute to connect again.
     */
    public static final PostcopySettings DEFAULT = new PostcopySettings(16, 64, 30_000_000_000L);

    /** Settings with the default time limit. */
    public PostcopySettings(int prefetchPages, int batchPages) {
        this(prefetchPages, batchPages, DEFAULT.recoverTimeoutNs);
    }

    public PostcopySettings {
        if (prefetchPages < 1 || batchPages < 1 || recoverTimeoutNs < 0) {
            throw new IllegalArgumentException("a window of " + prefetchPages + " pages, and batches of " + batchPages
                    + ", and " + recoverTimeoutNs + " ns");
        }
    }
}
