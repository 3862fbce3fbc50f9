package io.pageflip.request;

import java.util.Locale;

/** How much the agents warm up before the guest is paused. */
public enum WarmUpLength {
    /** What makes a downtime short. */
    FULL,
    /** For tests that do not measure. */
    BRIEF;

    /** As it is typed. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
