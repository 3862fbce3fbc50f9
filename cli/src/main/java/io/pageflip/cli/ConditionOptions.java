package io.pageflip.cli;

import io.pageflip.request.RamParts;
import io.pageflip.scenario.RamConditions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say which parts of guest RAM are in a condition that keeps pages from moving: {@link RamConditions}. */
final class ConditionOptions {
    @Option(
            names = "--thp",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description = "Of anonymous RAM: about so much of it, as 30%%, in transparent huge pages of 2 MiB.")
    private @Nullable Integer thp;

    @Option(
            names = "--forked",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description = "Of anonymous RAM: about so much of it, that a forked child has as well.")
    private @Nullable Integer forked;

    @Option(
            names = "--unaligned",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "Of anonymous RAM, with gift: about so much of it, each page of which is gifted in two pieces. No "
                            + "kernel moves such pages, or those of --thp and --forked.")
    private @Nullable Integer unaligned;

    @Option(
            names = "--present",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "With flip: about so much of RAM that the destination has mapped before it is handed over; those "
                            + "pages count as declined, already-present.")
    private @Nullable Integer present;

    @Option(
            names = "--unmapped",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description = "With flip: about so much of RAM where the destination has nothing that takes a page; those "
                    + "pages count as declined, no-mapping.")
    private @Nullable Integer unmapped;

    /**
     * All that was typed.
     *
     * @param sharer what was typed for {@code --sharer}, in percent; null if nothing was
     */
    RamParts parts(@Nullable Integer sharer) {
        return new RamParts(
                orNone(sharer), orNone(thp), orNone(forked), orNone(unaligned), orNone(present), orNone(unmapped));
    }

    private static int orNone(@Nullable Integer percent) {
        return percent == null ? 0 : percent;
    }
}
