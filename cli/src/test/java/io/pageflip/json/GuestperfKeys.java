package io.pageflip.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What the classes of guestperf (QEMU, tests/migration/guestperf: report.py, hardware.py, scenario.py, progress.py,
 * timings.py, and their newer versions) read of a report, and what its plotter needs of it: each key, with its type.
 */
public final class GuestperfKeys {
    private static final List<String> REPORT = List.of(
            "{hardware",
            "{scenario",
            "[progress_history",
            "[guest_timings",
            "[qemu_timings",
            "[vcpu_timings",
            "$binary",
            "$dst_host",
            "$kernel",
            "$initrd",
            "$transport",
            "#sleep",
            "{result");
    private static final List<String> HARDWARE = List.of(
            "#cpus",
            "#mem",
            "[src_cpu_bind",
            "[src_mem_bind",
            "[dst_cpu_bind",
            "[dst_mem_bind",
            "?prealloc_pages",
            "?huge_pages",
            "?locked_pages",
            "#dirty_ring_size");
    private static final List<String> SCENARIO = List.of(
            "$name",
            "#downtime",
            "#bandwidth",
            "#max_iters",
            "#max_time",
            "?pause",
            "#pause_iters",
            "?post_copy",
            "#post_copy_iters",
            "?auto_converge",
            "#auto_converge_step",
            "?compression_mt",
            "#compression_mt_threads",
            "?compression_xbzrle",
            "#compression_xbzrle_cache",
            "?multifd",
            "#multifd_channels",
            "$multifd_compression",
            "?dirty_limit",
            "#x_vcpu_dirty_limit_period",
            "#vcpu_dirty_limit");
    private static final List<String> PROGRESS = List.of(
            "$status",
            "{ram",
            "#now",
            "#duration",
            "#downtime",
            "#downtime_expected",
            "#setup_time",
            "#throttle_pcent",
            "#dirty_limit_throttle_time_per_round",
            "#dirty_limit_ring_full_time");
    private static final List<String> RAM = List.of(
            "#transferred_bytes",
            "#remaining_bytes",
            "#total_bytes",
            "#duplicate_pages",
            "#skipped_pages",
            "#normal_pages",
            "#normal_bytes",
            "#dirty_rate_pps",
            "#transfer_rate_mbs",
            "#iterations");
    private static final List<String> TIMING = List.of("#tid", "#timestamp", "#value");

    private GuestperfKeys() {}

    /** What is wrong with a report, a few words each. */
    public static List<String> problems(JsonNode report) {
        List<String> problems = new ArrayList<>();
        check(problems, "report", report, REPORT);
        check(problems, "hardware", report.path("hardware"), HARDWARE);
        check(problems, "scenario", report.path("scenario"), SCENARIO);
        check(problems, "result", report.path("result"), List.of("?success"));
        double latest = Double.NEGATIVE_INFINITY;
        for (JsonNode progress : report.path("progress_history")) {
            check(problems, "progress", progress, PROGRESS);
            check(problems, "progress/ram", progress.path("ram"), RAM);
            if (progress.path("now").asDouble() < latest) {
                problems.add("progress goes back to " + progress.path("now"));
            }
            latest = progress.path("now").asDouble();
        }
        for (String timings : List.of("guest_timings", "qemu_timings", "vcpu_timings")) {
            report.path(timings).forEach(timing -> check(problems, timings, timing, TIMING));
        }
        JsonNode qemu = report.at("/qemu_timings/0/timestamp");
        JsonNode guest = report.at("/guest_timings/0/timestamp");
        if (!(qemu.isNumber() && guest.isNumber() && qemu.asDouble() < guest.asDouble())) {
            problems.add("the first of qemu_timings, " + qemu + ", is not before the first of guest_timings, " + guest);
        }
        return problems;
    }

    private static void check(List<String> problems, String where, JsonNode object, List<String> keys) {
        for (String typed : keys) {
            JsonNode value = object.path(typed.substring(1));
            boolean good = switch (typed.charAt(0)) {
                case '{' -> value.isObject();
                case '[' -> value.isArray();
                case '$' -> value.isTextual();
                case '#' -> value.isNumber();
                default -> value.isBoolean();
            };
            if (!good) {
                problems.add(where + "/" + typed.substring(1) + " is " + value);
            }
        }
    }
}
