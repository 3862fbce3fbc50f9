package io.pageflip.cli;

import io.pageflip.request.Mechanism;
import io.pageflip.request.RamPlace;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestRules;
import io.pageflip.request.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of {@code migrate} of which {@code compare} takes several values; it tries every combination. */
final class MatrixOptions {
    private static final String ALL = "all";

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--ram",
            paramLabel = "SIZE",
            split = ",",
            defaultValue = "1G",
            converter = Values.Size.class,
            description = "Guest RAM (default: ${DEFAULT-VALUE}).")
    private List<Long> ram;

    @Option(
            names = "--backing",
            paramLabel = "KIND",
            split = ",",
            converter = Values.Place.class,
            completionCandidates = Values.Places.class,
            description = "Kind of memory for guest RAM: ${COMPLETION-CANDIDATES}. Without it, what each mechanism "
                    + "needs: anonymous for gift, memfd for the others. fuse needs this option.")
    private @Nullable List<RamPlace> backing;

    @Option(
            names = "--vcpus",
            paramLabel = "N",
            split = ",",
            defaultValue = "1",
            description = "Number of vCPUs; each is a thread (default: ${DEFAULT-VALUE}).")
    private List<Integer> vcpus;

    @Option(
            names = "--dirty-rate",
            paramLabel = "PAGES",
            split = ",",
            defaultValue = "20K",
            converter = Values.Rate.class,
            description = "Pages that the guest writes a second (default: ${DEFAULT-VALUE}).")
    private List<Long> dirtyRate;

    @Option(
            names = "--mechanism",
            paramLabel = "KIND",
            split = ",",
            defaultValue = "flip,stream",
            description = "How a page crosses: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<Mechanism> mechanism;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            split = ",",
            description = "When pages cross: all, or the values that migrate takes (default: the default of migrate).")
    private @Nullable List<String> schedule;

    /**
     * A combination, possible or not.
     *
     * @param schedule null for the default of {@code migrate}
     */
    record Combination(
            long ram,
            int vcpus,
            long dirtyRate,
            Mechanism mechanism,
            RamPlace backing,
            @Nullable Schedule schedule) {
        /** Sets these options in a request. */
        RequestBuilder fill(RequestBuilder request) {
            return request.ramBytes(ram)
                    .place(backing)
                    .vcpus(vcpus)
                    .dirtyRate(dirtyRate)
                    .mechanism(mechanism)
                    .schedule(schedule);
        }

        /** The options as reports write them. */
        Map<String, Object> options() {
            Map<String, Object> options = new LinkedHashMap<>();
            options.put("ram", ram);
            options.put("backing", backing.toString());
            options.put("vcpus", vcpus);
            options.put("dirty-rate", dirtyRate);
            options.put("mechanism", mechanism.toString());
            if (schedule != null) {
                options.put("schedule", schedule.toString());
            }
            return options;
        }
    }

    /** All combinations. Those with equal guests follow each other. */
    List<Combination> combinations() {
        List<Combination> all = new ArrayList<>();
        List<@Nullable Schedule> schedules = schedules();
        for (long size : ram) {
            for (int cpus : vcpus) {
                for (long rate : dirtyRate) {
                    for (Mechanism how : mechanism) {
                        for (RamPlace in : backings(how)) {
                            schedules.forEach(when -> all.add(new Combination(size, cpus, rate, how, in, when)));
                        }
                    }
                }
            }
        }
        return all.stream().distinct().toList();
    }

    private List<RamPlace> backings(Mechanism how) {
        return backing == null ? List.of(new RamPlace(RequestRules.backingFor(how))) : backing;
    }

    private List<@Nullable Schedule> schedules() {
        if (schedule == null) {
            return Collections.singletonList(null);
        }
        List<@Nullable Schedule> known = List.of(Schedule.values());
        List<@Nullable Schedule> named = new ArrayList<>();
        for (String name : schedule) {
            if (!name.equals(ALL)) {
                named.add(named(name));
            }
        }
        return schedule.contains(ALL) ? known : named;
    }

    private Schedule named(String name) {
        return Arrays.stream(Schedule.values())
                .filter(known -> known.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> {
                    String words = Stream.concat(Stream.of(ALL), Arrays.stream(Schedule.values()))
                            .map(Object::toString)
                            .collect(Collectors.joining(", "));
                    return new ParameterException(
                            spec.commandLine(), "--schedule " + name + ": '" + name + "' is not one of " + words);
                });
    }

    /** Adds what was asked for to a request, as reports write it. */
    void describe(Map<String, Object> request) {
        request.put("ram", ram);
        request.put("backing", backing == null ? "as each mechanism needs" : words(backing));
        request.put("vcpus", vcpus);
        request.put("dirty-rate", dirtyRate);
        request.put("mechanism", words(mechanism));
        request.put("schedule", schedule == null ? "default" : words(schedules()));
    }

    private static List<String> words(List<?> values) {
        return values.stream().map(Object::toString).toList();
    }
}
