package io.pageflip.request;

import java.util.Locale;

/** How much the agents warm up before the guest is paused. */
public enum WarmUpLength {
    /** Enough for a short downtime. */
    FULL,
    /** For tests that do not measure. */
    BRIEF;

    /** As options and reports write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
