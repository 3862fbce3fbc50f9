package io.pageflip.cli.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One way to migrate, whatever the guest: what the rows of a comparison have in common that differ in RAM, vCPUs or
 * dirty rate alone.
 */
public final class Way {
    private static final List<String> OURS = List.of("mechanism", "schedule", "backing");
    private static final List<String> QEMUS = List.of("program", "binary", "mode", "downtime-limit", "backing");

    private final Map<String, Object> parts = new LinkedHashMap<>();

    private Way(Map<String, Object> options) {
        (options.containsKey("program") ? QEMUS : OURS).forEach(name -> {
            if (options.get(name) != null) {
                parts.put(name, options.get(name));
            }
        });
    }

    /** The way of a row with these options. */
    public static Way of(Map<String, Object> options) {
        return new Way(options);
    }

    /**
     * The way that somebody means.
     *
     * @param typed its number, from 1 on, or words that no other has
     * @param all the ways of a comparison
     * @throws IllegalArgumentException if none of them has such a number, or if not exactly one has these words. The
     *     message says which there are.
     */
    public static Way named(String typed, List<Way> all) {
        List<Way> ways = all.stream().distinct().toList();
        if (typed.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(typed);
            if (number >= 1 && number <= ways.size()) {
                return ways.get(number - 1);
            }
        }
        List<String> wanted =
                Arrays.asList(typed.strip().toLowerCase(Locale.ROOT).split("\\s+", -1));
        List<Way> found =
                ways.stream().filter(way -> way.allWords().containsAll(wanted)).toList();
        if (found.size() != 1) {
            List<String> known = new ArrayList<>();
            for (Way way : ways) {
                known.add((known.size() + 1) + " " + way);
            }
            throw new IllegalArgumentException(
                    (found.isEmpty() ? "no row has these words" : "more than one row has these words")
                            + "; write a number, or more words, of: " + String.join(", ", known));
        }
        return found.get(0);
    }

    private List<String> allWords() {
        return Stream.concat(toString().lines(), parts.values().stream().map(Object::toString))
                .flatMap(part -> Arrays.stream(part.toLowerCase(Locale.ROOT).split(" ", -1)))
                .toList();
    }

    /** As in notes under a table: neither who migrates, if it is pageflip, nor QEMU's downtime limit. */
    String words() {
        return Stream.of("program", "mechanism", "mode", "schedule", "backing")
                .map(parts::get)
                .filter(part -> part != null)
                .map(Object::toString)
                .collect(Collectors.joining(" "));
    }

    /** {@code pageflip flip}, or {@code qemu 10.0.2}. */
    String program() {
        return parts.containsKey("program") ? part("program") : "pageflip " + part("mechanism");
    }

    /** {@code handover}, or {@code precopy 300 ms}. */
    String schedule() {
        return parts.containsKey("program")
                ? part("mode") + (parts.containsKey("downtime-limit") ? " " + part("downtime-limit") + " ms" : "")
                : part("schedule");
    }

    private String part(String name) {
        return Options.word(parts, name);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Way way && parts.equals(way.parts);
    }

    @Override
    public int hashCode() {
        return parts.hashCode();
    }

    /** {@code pageflip flip handover memfd}, or {@code qemu 10.0.2 precopy 300 ms memfd}. */
    @Override
    public String toString() {
        return program() + " " + schedule() + " " + part("backing");
    }
}
