package io.pageflip.source;

/**
 * A limit on bandwidth: computes how long a sender must wait before it sends more. Pure arithmetic.
 *
 * @param bytesPerSecond 0 for no limit
 */
record RateLimit(long bytesPerSecond) {
    private static final double NS_PER_S = 1e9;
    private static final long SLICES_PER_S = 10;

    /** Nanoseconds to wait, 0 or less if none, when {@code bytes} were sent in {@code elapsedNs}. */
    long waitNs(long bytes, long elapsedNs) {
        return bytesPerSecond == 0 ? 0 : (long) (bytes * NS_PER_S / bytesPerSecond) - elapsedNs;
    }

    /**
     * Pages to send at once: at most {@code batch}, and at most what the limit allows in a tenth of a second, so that
     * waits are short; but at least one.
     */
    int batch(int batch, int pageBytes) {
        return bytesPerSecond == 0
                ? batch
                : (int) Math.max(1, Math.min(batch, bytesPerSecond / SLICES_PER_S / pageBytes));
    }
}
