package io.pageflip.cli.export;

import io.pageflip.cli.report.Comparison;
import io.pageflip.memory.BasePage;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.Throughput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One migration in the form of the reports of guestperf, QEMU's own benchmark of migrations, for its plotter: the last
 * run of the first row that has one. docs/exports.md says what each figure means here, and which pageflip does not
 * have.
 */
public final class GuestperfJson {
    private static final double NS_PER_S = 1e9;
    private static final double NS_PER_MS = 1e6;
    private static final double MIB = 1 << 20;
    private static final double GIB = 1 << 30;

    private final Map<String, Object> options;
    private final String name;
    private final RunResult run;
    private final Measured measured;
    private long latestNs = Long.MIN_VALUE;

    private GuestperfJson(String name, Map<String, Object> options, RunResult run, Measured measured) {
        this.name = name;
        this.options = options;
        this.run = run;
        this.measured = measured;
    }

    /** One document, with a line feed at its end. If no run has figures, it says only that there is no success. */
    public static String of(Comparison comparison) {
        for (Comparison.Cell cell : comparison.cells()) {
            for (int i = cell.runs().size() - 1; i >= 0; i--) {
                RunResult run = cell.runs().get(i);
                if (run.measured() != null) {
                    return ResultJson.document(
                            new GuestperfJson(cell.name(), cell.options(), run, run.measured()).document());
                }
            }
        }
        return ResultJson.document(Map.of("result", Map.of("success", false)));
    }

    private Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("hardware", hardware());
        document.put("scenario", scenario());
        document.put("progress_history", progress());
        document.put("guest_timings", guestTimings());
        // The plotter takes the beginning from the first of them.
        document.put("qemu_timings", List.of(timing(beginningNs(), 0)));
        document.put("vcpu_timings", List.of());
        document.put("result", Map.of("success", run.error() == null));
        document.put("binary", "pageflip");
        document.put("dst_host", "localhost");
        document.put("kernel", "simulated guest, workload " + options.get("workload"));
        document.put("initrd", "none");
        document.put("transport", String.valueOf(options.get("channel")));
        document.put("sleep", 0);
        return document;
    }

    private long number(String option) {
        return options.get(option) instanceof Number value ? value.longValue() : 0;
    }

    private Map<String, Object> hardware() {
        Map<String, Object> hardware = new LinkedHashMap<>();
        hardware.put("cpus", number("vcpus"));
        hardware.put("mem", number("ram") / GIB);
        for (String bind : List.of("src_cpu_bind", "src_mem_bind", "dst_cpu_bind", "dst_mem_bind")) {
            hardware.put(bind, List.of());
        }
        hardware.put("prealloc_pages", true);
        hardware.put("huge_pages", "hugetlb".equals(options.get("backing")));
        hardware.put("locked_pages", false);
        hardware.put("dirty_ring_size", 0);
        return hardware;
    }

    private Map<String, Object> scenario() {
        Map<String, Object> scenario = new LinkedHashMap<>();
        scenario.put("name", name);
        scenario.put("downtime", number("downtime-limit"));
        scenario.put("bandwidth", number("max-bandwidth") / MIB);
        scenario.put("max_iters", number("max-rounds"));
        scenario.put("max_time", number("timeout"));
        scenario.put("pause", "stop-and-move".equals(options.get("schedule")));
        scenario.put("pause_iters", 0);
        scenario.put("post_copy", measured.postcopy() != null);
        scenario.put("post_copy_iters", 0);
        scenario.put("auto_converge", Boolean.TRUE.equals(options.get("auto-converge")));
        scenario.put("auto_converge_step", 0);
        scenario.put("compression_mt", false);
        scenario.put("compression_mt_threads", 0);
        scenario.put("compression_xbzrle", false);
        scenario.put("compression_xbzrle_cache", 0);
        scenario.put("multifd", false);
        scenario.put("multifd_channels", 0);
        scenario.put("multifd_compression", "none");
        scenario.put("dirty_limit", false);
        scenario.put("x_vcpu_dirty_limit_period", 0);
        scenario.put("vcpu_dirty_limit", 0);
        return scenario;
    }

    private long resumedNs() {
        return measured.throughput().lastInstructionNs() + measured.downtimeNs();
    }

    private long startNs() {
        return resumedNs() - (long) (measured.totalTimeMs() * NS_PER_MS);
    }

    /** Before whatever else is in the report. */
    private long beginningNs() {
        Throughput pulse = measured.throughput();
        return Math.min(startNs(), pulse.lastInstructionNs() + pulse.fromNs());
    }

    /** The setup, the end of each round, the pause, and the end. */
    private List<Map<String, Object>> progress() {
        List<Map<String, Object>> history = new ArrayList<>();
        long total = measured.ram().total();
        history.add(progress("setup", startNs(), 0, total, 0, 0, 0, 0));
        PrecopyResult precopy = run.source().precopy();
        long sent = 0;
        for (PrecopyResult.Round round : precopy == null ? List.<PrecopyResult.Round>of() : precopy.rounds()) {
            sent += round.bytesSent();
            double seconds = Math.max(1, round.durationNs()) / NS_PER_S;
            history.add(progress(
                    "active",
                    round.startNs() + round.durationNs(),
                    sent,
                    round.bytesDirtied(),
                    round.round(),
                    Math.round(round.pagesDirtied() / seconds),
                    Math.round(round.expectedDowntimeNs() / NS_PER_MS),
                    round.throttlePercent()));
        }
        int rounds = precopy == null ? 0 : precopy.rounds().size();
        history.add(progress(
                "device", measured.throughput().lastInstructionNs(), sent, 0, rounds, 0, measured.downtimeMs(), 0));
        if (measured.postcopy() != null) {
            history.add(progress("postcopy-active", resumedNs(), sent, 0, rounds, 0, measured.downtimeMs(), 0));
        }
        long lateNs = measured.postcopy() == null ? 0 : measured.postcopy().lastPageNs();
        history.add(progress(
                "completed",
                resumedNs() + lateNs,
                measured.ram().transferred(),
                0,
                rounds,
                0,
                measured.downtimeMs(),
                0));
        return history;
    }

    private Map<String, Object> progress(
            String status,
            long ns,
            long transferredBytes,
            long remainingBytes,
            int iterations,
            long dirtyRate,
            long expectedDowntimeMs,
            int throttlePercent) {
        Map<String, Object> ram = new LinkedHashMap<>();
        ram.put("transferred_bytes", transferredBytes);
        ram.put("remaining_bytes", remainingBytes);
        ram.put("total_bytes", measured.ram().total());
        ram.put("duplicate_pages", measured.ram().duplicate());
        ram.put("skipped_pages", 0);
        ram.put("normal_pages", measured.ram().normal());
        ram.put("normal_bytes", measured.ram().normalBytes());
        ram.put("dirty_rate_pps", dirtyRate);
        ram.put("transfer_rate_mbs", measured.ram().mbps());
        ram.put("iterations", iterations);
        Map<String, Object> progress = new LinkedHashMap<>();
        progress.put("status", status);
        progress.put("ram", ram);
        // A vCPU without a processor may have executed its last instruction before the last round ended.
        latestNs = Math.max(latestNs, ns);
        progress.put("now", latestNs / NS_PER_S);
        progress.put("duration", measured.totalTimeMs());
        progress.put("downtime", measured.downtimeMs());
        progress.put("downtime_expected", expectedDowntimeMs);
        progress.put("setup_time", measured.setupTimeMs());
        progress.put("throttle_pcent", throttlePercent);
        progress.put("dirty_limit_throttle_time_per_round", 0);
        progress.put("dirty_limit_ring_full_time", 0);
        return progress;
    }

    /**
     * How long the guest took to write a gibibyte, in milliseconds, each time it had executed something. A time without
     * an instruction belongs to the slot after it, as it would in a guest that measures itself.
     */
    private List<Map<String, Object>> guestTimings() {
        Throughput pulse = measured.throughput();
        Measured.GuestActivity guest = measured.guest();
        double bytesPerInstruction = guest.pagesWritten() * (double) BasePage.BYTES / Math.max(1, guest.instructions());
        List<Map<String, Object>> timings = new ArrayList<>();
        long sinceNs = pulse.lastInstructionNs() + pulse.fromNs();
        for (int i = 0; i < pulse.instructions().size(); i++) {
            long endNs = pulse.lastInstructionNs() + pulse.fromNs() + (i + 1) * pulse.slotNs();
            double bytes = pulse.instructions().get(i) * bytesPerInstruction;
            if (bytes > 0) {
                timings.add(timing(endNs, (endNs - sinceNs) / NS_PER_MS * (GIB / bytes)));
                sinceNs = endNs;
            }
        }
        return timings.isEmpty() ? List.of(timing(resumedNs(), 0)) : timings;
    }

    private Map<String, Object> timing(long ns, double value) {
        Map<String, Object> timing = new LinkedHashMap<>();
        timing.put("tid", 0);
        timing.put("timestamp", ns / NS_PER_S);
        timing.put("value", value);
        return timing;
    }
}
