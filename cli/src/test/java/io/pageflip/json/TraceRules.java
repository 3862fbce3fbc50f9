package io.pageflip.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The rules of the Trace Event Format, as far as a viewer needs them: the keys of each kind of event, slices that nest
 * within their thread, names for processes and threads, and arrows that begin and end within a slice.
 */
public final class TraceRules {
    private static final Map<String, List<String>> KEYS = Map.of(
            "M", List.of("name", "pid", "tid", "args"),
            "X", List.of("name", "pid", "tid", "ts", "dur"),
            "C", List.of("name", "pid", "ts", "args"),
            "s", List.of("name", "cat", "id", "pid", "tid", "ts"),
            "f", List.of("name", "cat", "id", "pid", "tid", "ts", "bp"));

    /** A slice, in nanoseconds. */
    private record Slice(String name, long fromNs, long toNs) {
        boolean holds(long ns) {
            return fromNs <= ns && ns <= toNs;
        }
    }

    private final List<String> problems = new ArrayList<>();
    private final Map<String, List<Slice>> threads = new TreeMap<>();
    private final Set<String> named = new HashSet<>();
    private final Map<String, JsonNode> arrows = new TreeMap<>();

    private TraceRules() {}

    /** What is wrong with a trace, a sentence each. */
    public static List<String> problems(JsonNode trace) {
        TraceRules rules = new TraceRules();
        if (!trace.path("traceEvents").isArray() || trace.path("traceEvents").isEmpty()) {
            rules.problems.add("no events");
        }
        trace.path("traceEvents").forEach(rules::keys);
        if (rules.problems.isEmpty()) {
            trace.path("traceEvents").forEach(rules::collect);
            rules.threads.forEach(rules::nested);
            trace.path("traceEvents").forEach(rules::arrow);
            rules.arrows.forEach((id, start) -> rules.problems.add("arrow " + id + " has no end"));
        }
        return rules.problems;
    }

    private void keys(JsonNode event) {
        List<String> keys = KEYS.get(event.path("ph").asText());
        if (keys == null) {
            problems.add("unknown kind of event: " + event);
            return;
        }
        for (String key : keys) {
            if (!event.has(key)) {
                problems.add("no " + key + ": " + event);
            }
        }
        for (String key : List.of("ts", "dur")) {
            if (event.has(key)
                    && !(event.path(key).isNumber() && event.path(key).asDouble() >= 0)) {
                problems.add("no time: " + event);
            }
        }
    }

    private void collect(JsonNode event) {
        switch (event.path("ph").asText()) {
            case "X" ->
                threads.computeIfAbsent(thread(event), any -> new ArrayList<>())
                        .add(new Slice(
                                event.path("name").asText(), ns(event, "ts"), ns(event, "ts") + ns(event, "dur")));
            case "M" -> {
                if (event.path("name").asText().equals("process_name")) {
                    named.add(event.path("pid").asText());
                } else if (event.path("name").asText().equals("thread_name")) {
                    named.add(thread(event));
                }
            }
            default -> {
                // looked at later
            }
        }
    }

    private void nested(String thread, List<Slice> slices) {
        if (!named.contains(thread) || !named.contains(thread.substring(0, thread.indexOf('/')))) {
            problems.add("thread " + thread + " has no name");
        }
        Deque<Slice> open = new ArrayDeque<>();
        slices.stream()
                .sorted(Comparator.comparingLong(Slice::fromNs)
                        .thenComparing(Comparator.comparingLong(Slice::toNs).reversed()))
                .forEach(slice -> {
                    while (!open.isEmpty() && open.peek().toNs <= slice.fromNs) {
                        open.pop();
                    }
                    if (!open.isEmpty() && slice.toNs > open.peek().toNs) {
                        problems.add("thread " + thread + ": " + slice + " overlaps " + open.peek());
                    }
                    open.push(slice);
                });
    }

    private void arrow(JsonNode event) {
        String kind = event.path("ph").asText();
        if (!kind.equals("s") && !kind.equals("f")) {
            return;
        }
        List<Slice> around = threads.getOrDefault(thread(event), List.of());
        if (around.stream().noneMatch(slice -> slice.holds(ns(event, "ts")))) {
            problems.add("an arrow outside of all slices: " + event);
        }
        String id = event.path("cat").asText() + event.path("id").asText();
        JsonNode other = kind.equals("s") ? arrows.put(id, event) : arrows.remove(id);
        if ((other == null) != kind.equals("s")) {
            problems.add("an arrow with another beginning, or none: " + event);
        } else if (other != null && ns(other, "ts") > ns(event, "ts")) {
            problems.add("an arrow that points back: " + event);
        }
    }

    private static String thread(JsonNode event) {
        return event.path("pid").asText() + "/" + event.path("tid").asText();
    }

    /** Times are microseconds with three decimals: as nanoseconds they can be compared. */
    private static long ns(JsonNode event, String key) {
        return Math.round(event.path(key).asDouble() * 1000);
    }
}
