package io.pageflip.request;

import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parts of guest RAM that an experiment keeps from being moved, in whole percent of RAM; 0 for a part that was not
 * asked for. {@link Scenario} and {@link RamConditions} say what each part does. This record may hold parts that do not
 * go together; {@link RequestRules} refuses those.
 */
public record RamParts(int sharer, int thp, int forked, int unaligned, int present, int unmapped) {
    /** All of RAM can be moved. */
    public static final RamParts NONE = new RamParts(0, 0, 0, 0, 0, 0);

    /** Whether there are parts that the source makes. */
    boolean atSource() {
        return thp != 0 || forked != 0 || unaligned != 0;
    }

    /** Whether there are parts that the destination makes when it maps RAM. */
    boolean atDestination() {
        return present != 0 || unmapped != 0;
    }

    /**
     * The parts that were asked for, except {@link #sharer}, by the names of their options, in the order of
     * {@code --help}.
     */
    Map<String, Integer> conditions() {
        Map<String, Integer> named = new LinkedHashMap<>();
        putIfAsked(named, "thp", thp);
        putIfAsked(named, "forked", forked);
        putIfAsked(named, "unaligned", unaligned);
        putIfAsked(named, "present", present);
        putIfAsked(named, "unmapped", unmapped);
        return named;
    }

    private static void putIfAsked(Map<String, Integer> named, String name, int percent) {
        if (percent != 0) {
            named.put(name, percent);
        }
    }

    /**
     * The experiment that the agents carry out.
     *
     * @throws IllegalArgumentException if the parts do not go together
     */
    public Scenario scenario() {
        if (equals(NONE)) {
            return Scenario.PLAIN;
        }
        return new Scenario(sharer, new RamConditions(thp, forked, unaligned, present, unmapped));
    }
}
