package io.pageflip.cli;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.Quantity;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say what the guest is and does. */
final class GuestOptions {
    private static final long LEAST_RAM = 1 << 20;
    private static final long MOST_RATE = 1_000_000_000;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

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
            description = "What guest RAM lies in: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private RamPlace place;

    @Option(
            names = "--vcpus",
            paramLabel = "N",
            defaultValue = "1",
            description = "Virtual CPUs, a thread each (default: ${DEFAULT-VALUE}).")
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
            description = "Pages that the guest writes a second, all vCPUs together (default: ${DEFAULT-VALUE}).")
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

    /** Where the file of {@link Backing#FILE} takes its blocks; null with any other. */
    @Nullable
    Path ramDirectory() {
        return place.directory();
    }

    /** What guest RAM lies in, as it was written. */
    RamPlace place() {
        return place;
    }

    /** The guest that was asked for; a wrong value is a usage error. */
    GuestConfig config() {
        Values.between(spec, "--vcpus", vcpus, 1, GuestInfoPage.MAX_VCPUS);
        Values.between(spec, "--hot-set", hotSet, 1, 100);
        Values.between(spec, "--fill", fill, 0, 100);
        Values.between(spec, "--dirty-rate", dirtyRate, 0, MOST_RATE);
        Backing backing = place.backing();
        checkDirectory();
        Backing smallPages = backing == Backing.HUGETLB ? Backing.MEMFD : backing;
        if (!isRamOf(smallPages)) {
            throw new ParameterException(spec.commandLine(), ramSentence(smallPages));
        }
        if (!isRamOf(backing)) {
            throw new CombinationException(spec.commandLine(), ramSentence(backing));
        }
        return new GuestConfig(ram, backing, vcpus, workload, dirtyRate, hotSet, fill, seed);
    }

    /** What an experiment adds to that guest; a wrong value is a usage error. */
    Scenario scenario() {
        return new Scenario(sharer == null ? 0 : sharer, conditions.of(place, fill));
    }

    /** Refuses conditions of pages that this way of moving them never meets. */
    void checkConditions(Mechanism mechanism, Schedule schedule, boolean gifts, boolean moves) {
        conditions.check(mechanism, schedule, gifts, moves);
    }

    /** What keeps the guest from being passed to and fro, as it was typed; null if nothing does. */
    @Nullable
    String lostInPassing() {
        return sharer != null ? "--sharer" : conditions.anyTyped();
    }

    /** Refuses a third process where it could map nothing, or would change nothing. */
    void checkSharer(Mechanism mechanism, boolean gifts, boolean adopts) {
        if (sharer == null) {
            return;
        }
        if (mechanism != Mechanism.FLIP) {
            throw refused("--sharer keeps pages from being flipped, and --mechanism " + mechanism
                    + " flips none; use --mechanism flip, or leave --sharer out");
        }
        if (adopts) {
            throw refused("--sharer maps RAM from the start, and with --adopt it is private then; use --backing memfd");
        }
        if (place.backing() != Backing.MEMFD) {
            throw refused(
                    "--sharer leaves holes alone, which --backing " + place + " does not tell; use --backing memfd");
        }
        if (!gifts) {
            throw refused("--sharer changes nothing with --no-gift, which copies every page anyway");
        }
    }

    private CombinationException refused(String sentence) {
        return new CombinationException(spec.commandLine(), sentence);
    }

    private void checkDirectory() {
        Path directory = place.directory();
        if (place.backing() == Backing.FILE && directory == null) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--backing file needs a directory on a disk; write --backing file:DIR, as in file:/var/tmp");
        }
        if (directory != null && !Files.isDirectory(directory)) {
            throw new ParameterException(
                    spec.commandLine(), "--backing file:" + directory + ": there is no such directory");
        }
    }

    private boolean isRamOf(Backing kind) {
        return ram >= unit(kind) && ram <= BlockSpec.MAX_LENGTH && ram % kind.pageBytes() == 0;
    }

    private static long unit(Backing kind) {
        return Math.max(LEAST_RAM, kind.pageBytes());
    }

    private String ramSentence(Backing kind) {
        return "--ram " + Quantity.formatExact(ram) + ": " + kind + " RAM must be from "
                + Quantity.formatExact(unit(kind)) + " to " + Quantity.formatExact(BlockSpec.MAX_LENGTH)
                + ", in whole pages of " + Quantity.formatExact(kind.pageBytes());
    }

    /** The same options again, for an agent. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of(
                "--ram=" + ram,
                "--backing=" + place,
                "--vcpus=" + vcpus,
                "--workload=" + workload,
                "--dirty-rate=" + dirtyRate,
                "--hot-set=" + hotSet,
                "--fill=" + fill,
                "--seed=" + seed));
        if (sharer != null) {
            arguments.add("--sharer=" + sharer + "%");
        }
        arguments.addAll(conditions.arguments());
        return arguments;
    }

    /** In a few words, for a person. */
    String summary() {
        return String.format(
                Locale.ROOT,
                "%s %s, %d vCPU%s, %s at %,d pages/s",
                Quantity.format(ram),
                place,
                vcpus,
                vcpus == 1 ? "" : "s",
                workload,
                dirtyRate);
    }

    void describe(Map<String, Object> request) {
        request.put("ram", ram);
        request.put("backing", place.toString());
        request.put("vcpus", vcpus);
        request.put("workload", workload.toString());
        request.put("dirty-rate", dirtyRate);
        request.put("hot-set", hotSet);
        request.put("fill", fill);
        request.put("seed", seed);
        if (sharer != null) {
            request.put("sharer", sharer);
        }
        conditions.describe(request);
    }
}
