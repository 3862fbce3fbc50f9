package io.pageflip.source;

/**
 * The measurements of a precopy round, for {@link PrecopyDecision}. Sizes are in bytes, because blocks have pages of
 * different sizes.
 *
 * @param round 1 for the round in which every page is sent
 * @param sentBytes bytes of guest memory that the round sent
 * @param durationNs how long the round took, in nanoseconds
 * @param dirtyBytes bytes in pages that were written since they were sent: what is left to send
 * @param elapsedNs time since the first round began, in nanoseconds
 * @param throttlePercent the percentage of the time for which the vCPUs were made to rest in this round
 */
record RoundStats(int round, long sentBytes, long durationNs, long dirtyBytes, long elapsedNs, int throttlePercent) {
    private static final double NS_PER_S = 1e9;

    RoundStats {
        if (round < 1 || sentBytes < 0 || durationNs < 0 || dirtyBytes < 0 || elapsedNs < 0) {
            throw new IllegalArgumentException("no precopy round: " + round + ", " + sentBytes + " bytes in "
                    + durationNs + " ns, then " + dirtyBytes + ", after " + elapsedNs + " ns");
        }
    }

    /** The rate at which this round sent, a limit on it included; 0 if it sent nothing. */
    double bytesPerSecond() {
        return sentBytes == 0 ? 0 : sentBytes * NS_PER_S / Math.max(1, durationNs);
    }

    /**
     * How long the guest would be paused while what is left is sent at that rate; {@link Long#MAX_VALUE} if that is
     * unknown.
     */
    long expectedDowntimeNs() {
        if (dirtyBytes == 0) {
            return 0;
        }
        return sentBytes == 0 ? Long.MAX_VALUE : (long) Math.ceil(dirtyBytes * NS_PER_S / bytesPerSecond());
    }
}
