package io.pageflip.cli;

import io.pageflip.warmup.Warmup;
import java.util.Locale;

/** How much the agents warm up before the guest is paused: a hidden option, for tests that do not measure. */
enum WarmUpLength {
    FULL,
    BRIEF;

    /** The option's name. */
    static final String OPTION = "--warm-up";

    Warmup.Config config() {
        return this == FULL ? Warmup.Config.DEFAULT : Warmup.Config.BRIEF;
    }

    /** As it is typed. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
