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
            description =
                    "With --backing anonymous: approximate part of RAM, as 30%%, in transparent huge pages of 2 MiB.")
    private @Nullable Integer thp;

    @Option(
            names = "--forked",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description = "With --backing anonymous: approximate part of RAM that a forked child has, too.")
    private @Nullable Integer forked;

    @Option(
            names = "--unaligned",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "With --backing anonymous and gift: approximate part of RAM whose pages are gifted in two pieces each. "
                            + "No kernel moves such pages, or those of --thp and --forked.")
    private @Nullable Integer unaligned;

    @Option(
            names = "--present",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "With flip: approximate part of RAM that the destination has mapped beforehand; those pages count as "
                            + "declined, already-present.")
    private @Nullable Integer present;

    @Option(
            names = "--unmapped",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "With flip: approximate part of RAM for which the destination has no mapping; those pages count as "
                            + "declined, no-mapping.")
    private @Nullable Integer unmapped;

    /**
     * The parts of RAM that were typed.
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
