package io.pageflip.cli;

import io.pageflip.kernel.workload.Conditions;
import io.pageflip.kernel.workload.Simulation;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.Quantity;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say what a simulated guest's pages are like. */
final class WorkloadOptions {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--ram",
            paramLabel = "SIZE",
            defaultValue = "1G",
            converter = Values.Size.class,
            description = "Guest RAM, up to 1T (default: ${DEFAULT-VALUE}).")
    private long ram;

    @Option(
            names = "--thp",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part of RAM in transparent huge pages of 2 MiB (default: ${DEFAULT-VALUE}).")
    private int thp;

    @Option(
            names = "--forked",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part that another process has, too: a forked child, or a process that maps the same file "
                    + "(default: ${DEFAULT-VALUE}).")
    private int forked;

    @Option(
            names = "--ksm",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part that KSM has merged with pages of another guest (default: ${DEFAULT-VALUE}).")
    private int ksm;

    @Option(
            names = "--pinned",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part that a device has pinned (default: ${DEFAULT-VALUE}).")
    private int pinned;

    @Option(
            names = "--swapped",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description =
                    "Part that is swapped out; with RAM in a file, the part that is shared memory (default: ${DEFAULT-VALUE}).")
    private int swapped;

    @Option(
            names = "--unaligned",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part that is handed over in pieces that are not whole pages (default: ${DEFAULT-VALUE}).")
    private int unaligned;

    @Option(
            names = "--races",
            paramLabel = "PERCENT",
            defaultValue = "0%",
            converter = Values.Percent.class,
            description = "Part of all pages that suffer a race at the worst moment " + "(default: ${DEFAULT-VALUE}).")
    private int races;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed that decides which pages these are (default: ${DEFAULT-VALUE}).")
    private long seed;

    long pages() {
        long most = Simulation.MOST_PAGES * BasePage.BYTES;
        if (ram < BasePage.BYTES || ram > most || ram % BasePage.BYTES != 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--ram " + Quantity.formatExact(ram) + ": it must be from " + Quantity.formatExact(BasePage.BYTES)
                            + " to " + Quantity.formatExact(most) + ", in whole pages of 4K");
        }
        return ram / BasePage.BYTES;
    }

    Conditions conditions() {
        Map<String, Integer> parts = parts();
        int sum = parts.values().stream().mapToInt(Integer::intValue).sum();
        if (sum > Conditions.WHOLE) {
            String typed = parts.entrySet().stream()
                    .filter(part -> part.getValue() > 0)
                    .map(part -> "--" + part.getKey() + " " + Values.Percent.format(part.getValue()))
                    .collect(Collectors.joining(", "));
            throw new ParameterException(
                    spec.commandLine(),
                    typed + ": parts of one guest, which add up to " + Values.Percent.format(sum)
                            + "; they must be 100% at most");
        }
        if (races > Conditions.WHOLE) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--races " + Values.Percent.format(races) + ": a part of the guest; it must be 100% at most");
        }
        return new Conditions(thp, forked, ksm, pinned, swapped, unaligned, races, seed);
    }

    private Map<String, Integer> parts() {
        Map<String, Integer> parts = new LinkedHashMap<>();
        parts.put("thp", thp);
        parts.put("forked", forked);
        parts.put("ksm", ksm);
        parts.put("pinned", pinned);
        parts.put("swapped", swapped);
        parts.put("unaligned", unaligned);
        return parts;
    }

    /** A short description for a person. */
    String summary() {
        String special = parts().entrySet().stream()
                .filter(part -> part.getValue() > 0)
                .map(part -> Values.Percent.format(part.getValue()) + " " + part.getKey())
                .collect(Collectors.joining(", "));
        return Quantity.format(ram) + ", " + (special.isEmpty() ? "all pages plain" : special)
                + (races == 0 ? "" : "; races " + Values.Percent.format(races)) + "; seed " + seed;
    }

    void describe(Map<String, Object> request) {
        request.put("ram", ram);
        parts().forEach((name, part) -> request.put(name, Values.Percent.format(part)));
        request.put("races", Values.Percent.format(races));
        request.put("seed", seed);
    }
}
