package io.pageflip.cli;

import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say which parts of guest RAM are in a condition that keeps pages from moving: {@link RamConditions}. */
final class ConditionOptions {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

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

    /** What was typed, in the order of the options. */
    private Map<String, Integer> parts() {
        Map<String, Integer> parts = new LinkedHashMap<>();
        putIfTyped(parts, "thp", thp);
        putIfTyped(parts, "forked", forked);
        putIfTyped(parts, "unaligned", unaligned);
        putIfTyped(parts, "present", present);
        putIfTyped(parts, "unmapped", unmapped);
        return parts;
    }

    private static void putIfTyped(Map<String, Integer> parts, String name, @Nullable Integer percent) {
        if (percent != null) {
            parts.put(name, percent);
        }
    }

    /** One of them, as it was typed; null if none was. */
    @Nullable
    String anyTyped() {
        return parts().keySet().stream().findFirst().map(name -> "--" + name).orElse(null);
    }

    /**
     * The conditions of RAM that lies there; a wrong value is a usage error.
     *
     * @param fill percents of RAM that were ever written
     */
    RamConditions of(RamPlace place, int fill) {
        Map<String, Integer> parts = parts();
        if (parts.isEmpty()) {
            return RamConditions.PLAIN;
        }
        String typed = parts.entrySet().stream()
                .map(part -> "--" + part.getKey() + " " + part.getValue() + "%")
                .collect(Collectors.joining(", "));
        int sum = parts.values().stream().mapToInt(Integer::intValue).sum();
        if (sum > 100) {
            throw new ParameterException(
                    spec.commandLine(),
                    typed + ": parts of one guest, which add up to " + sum + "%; they must be 100% at most");
        }
        if (!atDestination() && place.backing() != Backing.ANONYMOUS) {
            throw refused(typed + ": only pages of private memory can be so, and --backing " + place
                    + " is none; use --backing anonymous");
        }
        if (atDestination() && (place.backing() != Backing.MEMFD || atSource())) {
            throw refused(
                    typed + ": --present and --unmapped are for RAM in a memfd, --thp, --forked and --unaligned for"
                            + " --backing anonymous; use those for one kind");
        }
        if (fill < 100) {
            throw refused(typed + ": parts of RAM that is all written, and --fill " + fill
                    + " leaves holes; leave --fill out");
        }
        return new RamConditions(
                parts.getOrDefault("thp", 0),
                parts.getOrDefault("forked", 0),
                parts.getOrDefault("unaligned", 0),
                parts.getOrDefault("present", 0),
                parts.getOrDefault("unmapped", 0));
    }

    private boolean atSource() {
        return thp != null || forked != null || unaligned != null;
    }

    private boolean atDestination() {
        return present != null || unmapped != null;
    }

    /** Refuses conditions of pages that this way of moving them never meets. */
    void check(Mechanism mechanism, Schedule schedule, boolean gifts, boolean moves) {
        if (atDestination() && (mechanism != Mechanism.FLIP || !gifts || !moves)) {
            throw refused(
                    "--present and --unmapped keep pages from being flipped, and here none is; use --mechanism flip"
                            + " without --no-gift and --no-move, or leave them out");
        }
        if (atDestination() && schedule == Schedule.POSTCOPY) {
            throw refused(
                    "--present and --unmapped: with --schedule postcopy no page is mapped before the guest runs; use"
                            + " --schedule handover, or stop-and-move");
        }
        if (unaligned != null && mechanism != Mechanism.GIFT) {
            throw refused("--unaligned " + unaligned + "%: only gift hands over pages with vmsplice, and this is"
                    + " --mechanism " + mechanism + "; use --mechanism gift, or leave --unaligned out");
        }
    }

    private CombinationException refused(String sentence) {
        return new CombinationException(spec.commandLine(), sentence);
    }

    /** The same options again, for an agent. */
    List<String> arguments() {
        return parts().entrySet().stream()
                .map(part -> "--" + part.getKey() + "=" + part.getValue() + "%")
                .toList();
    }

    void describe(Map<String, Object> request) {
        request.putAll(parts());
    }
}
