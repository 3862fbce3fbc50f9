package io.pageflip.cli;

import io.pageflip.guest.Workload;
import io.pageflip.request.RamPlace;
import io.pageflip.request.RequestBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that say what the guest is and does. */
final class GuestOptions {
    @Option(
            names = "--ram",
            paramLabel = "SIZE",
            defaultValue = "1G",
            converter = Values.Size.class,
            description = "Guest RAM: 512M, 4G … (default: ${DEFAULT-VALUE}).")
    private long ram;

    @Option(
            names = "--backing",
            paramLabel = "KIND",
            defaultValue = "memfd",
            converter = Values.Place.class,
            completionCandidates = Values.Places.class,
            description = "Kind of memory for guest RAM: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private RamPlace place;

    @Option(
            names = "--vcpus",
            paramLabel = "N",
            defaultValue = "1",
            description = "Number of vCPUs; each is a thread (default: ${DEFAULT-VALUE}).")
    private int vcpus;

    @Option(
            names = "--workload",
            paramLabel = "KIND",
            defaultValue = "hotset",
            description = "Which pages the guest writes: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Workload workload;

    @Option(
            names = "--dirty-rate",
            paramLabel = "PAGES",
            defaultValue = "20K",
            converter = Values.Rate.class,
            description = "Pages that all vCPUs together write a second (default: ${DEFAULT-VALUE}).")
    private long dirtyRate;

    @Option(
            names = "--hot-set",
            paramLabel = "PERCENT",
            defaultValue = "10",
            description = "Part of the pages that the hotset workload writes most (default: ${DEFAULT-VALUE}).")
    private int hotSet;

    @Option(
            names = "--fill",
            paramLabel = "PERCENT",
            defaultValue = "100",
            description = "Part of RAM that was ever written; the rest are holes (default: ${DEFAULT-VALUE}).")
    private int fill;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of everything random in the guest (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--sharer",
            paramLabel = "PERCENT",
            converter = Values.WholePercent.class,
            description =
                    "With flip: part of RAM, as 5%%, that a third process maps meanwhile, as a backup reader would; "
                            + "those pages are copied, with the reason still-mapped.")
    private @Nullable Integer sharer;

    @Mixin
    private ConditionOptions conditions;

    void fill(RequestBuilder request) {
        request.ramBytes(ram)
                .place(place)
                .vcpus(vcpus)
                .workload(workload)
                .dirtyRate(dirtyRate)
                .hotSetPercent(hotSet)
                .fillPercent(fill)
                .seed(seed)
                .parts(conditions.parts(sharer));
    }
}
