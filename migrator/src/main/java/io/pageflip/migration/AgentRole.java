package io.pageflip.migration;

import java.util.Locale;

/** The role of an agent in one migration. */
public enum AgentRole {
    /** It gives the guest away. */
    SOURCE,
    /** It takes the guest over. */
    DESTINATION;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
