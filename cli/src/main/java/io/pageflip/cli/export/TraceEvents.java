package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.Throughput;
import io.pageflip.metrics.Trace;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The migrations of a command in the Trace Event Format, which Perfetto and Chrome open: both agents of each run on one
 * clock. Runs without a trace are left out. docs/exports.md says what it holds.
 *
 * <pre>
 *   source       migration  [migration [setup]                        ]
 *                rounds                       [1  ][2][3]
 *                downtime                                [stop][save][release]
 *                vCPU 0                     [runs       ][paused                  ]
 *                                                        `-- switchover ---------.
 *   destination  migration  [migration [setup]                                   |  [postcopy pages ]]
 *                pages             [receive][receive]                            |
 *                mover                                                           |    [batch][batch]
 *                downtime                                     [notice][..][resume]
 *                vCPU 0                                                          [runs [wait][wait]    ]
 * </pre>
 */
public final class TraceEvents {
    // Threads. In a ping-pong one process is source and destination by turns.
    private static final int SOURCE_MIGRATION = 1;
    private static final int SOURCE_ROUNDS = 2;
    private static final int SOURCE_DOWNTIME = 3;
    private static final int SOURCE_VCPU = 100;
    private static final int DESTINATION_MIGRATION = 4;
    private static final int DESTINATION_PAGES = 5;
    private static final int DESTINATION_MOVER = 6;
    private static final int DESTINATION_DOWNTIME = 7;
    private static final int DESTINATION_VCPU = 200;

    private static final int US_DIGITS = 3;
    private static final long NS_PER_S = 1_000_000_000;

    private final List<Map<String, Object>> events = new ArrayList<>();
    private final Map<Integer, String> processes = new LinkedHashMap<>();
    private final Map<Integer, Map<Integer, String>> threads = new TreeMap<>();
    private int migrations;

    private TraceEvents() {}

    /** One JSON document, an event a line. */
    public static String of(Comparison comparison) {
        TraceEvents trace = new TraceEvents();
        for (Comparison.Cell cell : comparison.cells()) {
            for (int i = 0; i < cell.runs().size(); i++) {
                Measured measured = cell.runs().get(i).measured();
                if (measured != null && measured.trace() != null) {
                    String name = cell.name() + (cell.runs().size() == 1 ? "" : ", run " + (i + 1));
                    PrecopyResult precopy = cell.runs().get(i).source().precopy();
                    trace.new Migration(name, measured, measured.trace())
                            .add(precopy == null ? List.of() : precopy.rounds());
                }
            }
        }
        return trace.text(comparison);
    }

    private String text(Comparison comparison) {
        List<Map<String, Object>> all = new ArrayList<>();
        processes.forEach((pid, name) -> {
            all.add(metadata("process_name", pid, 0, Map.of("name", name)));
            all.add(metadata("process_sort_index", pid, 0, Map.of("sort_index", all.size())));
            threads.getOrDefault(pid, Map.of()).forEach((tid, thread) -> {
                all.add(metadata("thread_name", pid, tid, Map.of("name", thread)));
                all.add(metadata("thread_sort_index", pid, tid, Map.of("sort_index", tid)));
            });
        });
        all.addAll(events);
        StringBuilder text = new StringBuilder("{\"displayTimeUnit\":\"ns\",\n\"otherData\":");
        text.append(ResultJson.write(
                Map.of("clock", "CLOCK_MONOTONIC", "host", comparison.host().toString())));
        text.append(",\n\"traceEvents\":[");
        String separator = "\n";
        for (Map<String, Object> event : all) {
            text.append(separator).append(ResultJson.write(event));
            separator = ",\n";
        }
        return text.append("\n]}\n").toString();
    }

    private static Map<String, Object> metadata(String name, int pid, int tid, Map<String, Object> args) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("ph", "M");
        event.put("name", name);
        event.put("pid", pid);
        event.put("tid", tid);
        event.put("args", args);
        return event;
    }

    private static BigDecimal microseconds(long ns) {
        return BigDecimal.valueOf(ns, US_DIGITS);
    }

    /** The events of one migration. */
    private final class Migration {
        private final String name;
        private final Measured measured;
        private final Trace trace;
        private final int source;
        private final int destination;
        private final int id = ++migrations;

        /** The vCPU that the phases are about. */
        private final Trace.Vcpu longest;

        private final int longestIndex;

        Migration(String name, Measured measured, Trace trace) {
            this.name = name;
            this.measured = measured;
            this.trace = trace;
            this.source = trace.sourcePid();
            this.destination = trace.destinationPid();
            this.longestIndex = trace.longestPaused();
            this.longest = trace.vcpus().get(longestIndex);
        }

        void add(List<PrecopyResult.Round> rounds) {
            nameProcess(source, "source");
            nameProcess(destination, "destination");
            phases();
            rounds.forEach(round -> slice(
                    source,
                    thread(source, SOURCE_ROUNDS, "rounds"),
                    "round " + round.round(),
                    round.startNs(),
                    round.startNs() + round.durationNs(),
                    Map.of("pages", round.pagesSent(), "then", round.decision())));
            slices(thread(destination, DESTINATION_PAGES, "pages"), "receive", trace.received());
            slices(thread(destination, DESTINATION_MOVER, "background mover"), "batch", trace.batches());
            vcpus();
            switchover();
            rate();
        }

        /** The name of a process says its role, and which run it belongs to, if it has one. */
        private void nameProcess(int pid, String role) {
            String former = processes.get(pid);
            processes.put(pid, former == null ? role + ": " + name : "agent, source and destination by turns");
        }

        private int thread(int pid, int tid, String called) {
            threads.computeIfAbsent(pid, any -> new TreeMap<>()).put(tid, called);
            return tid;
        }

        private void phases() {
            DowntimePhases phases = measured.downtimePhasesNs();
            long pausedNs = longest.lastInstructionNs();
            long releasedNs = pausedNs + phases.stop() + phases.pages() + phases.save() + phases.release();
            long resumedNs = pausedNs + phases.total();
            long lastPageNs = measured.postcopy() == null
                    ? resumedNs
                    : resumedNs + measured.postcopy().lastPageNs();
            Map<String, Object> which = Map.of("run", name);

            int tid = thread(source, SOURCE_MIGRATION, "source: migration");
            slice(source, tid, "migration", trace.startNs(), releasedNs, which);
            slice(source, tid, "setup", trace.startNs(), trace.readyNs(), Map.of());
            // On a thread of its own: a vCPU without a processor may have executed its last instruction during the
            // setup.
            tid = thread(source, SOURCE_DOWNTIME, "source: downtime");
            chain(
                    source,
                    tid,
                    pausedNs,
                    List.of("stop", "pages", "save", "release"),
                    phases.stop(),
                    phases.pages(),
                    phases.save(),
                    phases.release());

            tid = thread(destination, DESTINATION_MIGRATION, "destination: migration");
            slice(destination, tid, "migration", trace.startNs(), lastPageNs, which);
            slice(destination, tid, "setup", trace.startNs(), trace.readyNs(), Map.of());
            if (lastPageNs > resumedNs) {
                slice(destination, tid, "postcopy pages", resumedNs, lastPageNs, Map.of());
            }
            tid = thread(destination, DESTINATION_DOWNTIME, "destination: downtime");
            chain(
                    destination,
                    tid,
                    releasedNs,
                    List.of("notice", "lock", "load", "resume"),
                    phases.notice(),
                    phases.lock(),
                    phases.load(),
                    phases.resume());
        }

        /** Slices that follow each other; those that took no time are left out. */
        private void chain(int pid, int tid, long fromNs, List<String> names, long... durationsNs) {
            long atNs = fromNs;
            for (int i = 0; i < durationsNs.length; i++) {
                if (durationsNs[i] > 0) {
                    slice(pid, tid, names.get(i), atNs, atNs + durationsNs[i], Map.of());
                }
                atNs += durationsNs[i];
            }
        }

        private void vcpus() {
            for (int i = 0; i < trace.vcpus().size(); i++) {
                Trace.Vcpu vcpu = trace.vcpus().get(i);
                int there = thread(source, SOURCE_VCPU + i, "source: vCPU " + i);
                long sinceNs = Math.min(ranSinceNs(), vcpu.lastInstructionNs());
                slice(source, there, "runs", sinceNs, vcpu.lastInstructionNs(), Map.of());
                slice(source, there, "paused", vcpu.lastInstructionNs(), vcpu.firstInstructionNs(), Map.of());

                int here = thread(destination, DESTINATION_VCPU + i, "destination: vCPU " + i);
                long untilNs = Math.max(ranUntilNs(), vcpu.firstInstructionNs());
                slice(destination, here, "runs", vcpu.firstInstructionNs(), untilNs, Map.of());
                Trace.Slices waits = vcpu.waits();
                for (int k = 0; k < waits.startNs().size(); k++) {
                    long fromNs = Math.max(waits.startNs().get(k), vcpu.firstInstructionNs());
                    long toNs =
                            Math.min(waits.startNs().get(k) + waits.durationNs().get(k), untilNs);
                    if (fromNs < toNs) {
                        slice(destination, here, "waits for a page", fromNs, toNs, Map.of());
                    }
                }
            }
        }

        /** What is known of the guest at the source begins with the first slot of its pulse in which it executed. */
        private long ranSinceNs() {
            Throughput pulse = measured.throughput();
            int first = 0;
            while (first < pulse.instructions().size() && pulse.instructions().get(first) == 0) {
                first++;
            }
            return pulse.lastInstructionNs() + pulse.fromNs() + first * pulse.slotNs();
        }

        /** Until when the guest was watched. */
        private long ranUntilNs() {
            return longest.firstInstructionNs() + measured.guest().ranForNs();
        }

        private void slices(int tid, String called, Trace.Slices slices) {
            for (int i = 0; i < slices.startNs().size(); i++) {
                long fromNs = slices.startNs().get(i);
                slice(
                        destination,
                        tid,
                        called,
                        fromNs,
                        fromNs + slices.durationNs().get(i),
                        slices.pages().isEmpty()
                                ? Map.of()
                                : Map.of("pages", slices.pages().get(i)));
            }
        }

        /** The arrow from the pause to the first instruction, each at the beginning of a vCPU's slice. */
        private void switchover() {
            flow("s", source, SOURCE_VCPU + longestIndex, longest.lastInstructionNs());
            flow("f", destination, DESTINATION_VCPU + longestIndex, longest.firstInstructionNs());
        }

        private void flow(String kind, int pid, int tid, long ns) {
            Map<String, Object> event = event(kind, pid, tid, "switchover", ns);
            event.put("cat", "switchover");
            event.put("id", id);
            if (kind.equals("f")) {
                event.put("bp", "e");
            }
            events.add(event);
        }

        /** The guest's instructions a second, at the source before the switchover, and at the destination after it. */
        private void rate() {
            Throughput pulse = measured.throughput();
            for (int i = 0; i < pulse.instructions().size(); i++) {
                long fromNs = pulse.fromNs() + i * pulse.slotNs();
                int pid = fromNs < 0 ? source : destination;
                counter(
                        pid,
                        pulse.lastInstructionNs() + fromNs,
                        Math.round(pulse.instructions().get(i) * ((double) NS_PER_S / pulse.slotNs())));
            }
            counter(source, pulse.lastInstructionNs(), 0);
        }

        private void counter(int pid, long ns, long perSecond) {
            Map<String, Object> event = event("C", pid, 0, "guest instructions/s", ns);
            event.put("args", Map.of("instructions/s", perSecond));
            events.add(event);
        }

        private void slice(int pid, int tid, String called, long fromNs, long toNs, Map<String, Object> args) {
            Map<String, Object> event = event("X", pid, tid, called, fromNs);
            event.put("dur", microseconds(Math.max(0, toNs - fromNs)));
            if (!args.isEmpty()) {
                event.put("args", args);
            }
            events.add(event);
        }

        private Map<String, Object> event(String kind, int pid, int tid, String called, long ns) {
            Map<String, Object> event = new LinkedHashMap<>();
            event.put("ph", kind);
            event.put("name", called);
            event.put("pid", pid);
            event.put("tid", tid);
            event.put("ts", microseconds(ns));
            return event;
        }
    }
}
