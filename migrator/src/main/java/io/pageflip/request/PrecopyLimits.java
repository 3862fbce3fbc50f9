package io.pageflip.request;

/**
 * The limits that a user sets for a precopy migration, named as QEMU's parameters.
 *
 * @param downtimeLimitNs in nanoseconds: the guest is paused once the rest can be expected to cross within this time
 * @param maxBandwidth maximum bytes a second that rounds send while the guest runs; 0 for no limit
 * @param maxRounds maximum number of rounds while the guest runs; 0 for no limit
 * @param autoConverge whether vCPUs are throttled when they write faster than pages are sent
 * @param timeoutNs time limit from the start of the first round, in nanoseconds; 0 for no limit
 * @param onTimeout what happens when rounds or time have run out
 */
public record PrecopyLimits(
        long downtimeLimitNs,
        long maxBandwidth,
        int maxRounds,
        boolean autoConverge,
        long timeoutNs,
        OnTimeout onTimeout) {
    /** QEMU's downtime limit, and no other. */
    public static final PrecopyLimits DEFAULT = new PrecopyLimits(300_000_000, 0, 0, false, 0, OnTimeout.SWITCH);

    public PrecopyLimits {
        if (downtimeLimitNs < 0 || maxBandwidth < 0 || maxRounds < 0 || timeoutNs < 0) {
            throw new IllegalArgumentException("a negative limit of precopy");
        }
    }

    /** The choices for a migration that does not converge. */
    public enum OnTimeout {
        /** The migration ends, and the guest stays at the source. */
        CANCEL("cancel"),
        /** The guest is paused for as long as the rest takes. */
        SWITCH("switch"),
        /** The switchover follows at once, and the rest crosses when it is needed. */
        POSTCOPY("postcopy");

        private final String label;

        OnTimeout(String label) {
            this.label = label;
        }

        /** As options write it. */
        @Override
        public String toString() {
            return label;
        }
    }
}
