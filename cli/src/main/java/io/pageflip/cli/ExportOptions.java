package io.pageflip.cli;

import io.pageflip.cli.export.GuestperfJson;
import io.pageflip.cli.export.HyperfineJson;
import io.pageflip.cli.export.OpenMetrics;
import io.pageflip.cli.export.TraceEvents;
import io.pageflip.cli.report.Comparison;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Options of {@code migrate} and {@code compare}: results in the formats of other programs. */
final class ExportOptions {
    /** A trace holds each run, and is made in memory. */
    private static final int MOST_TRACED = 100;

    @Option(
            names = "--export-trace",
            paramLabel = "FILE",
            description = "Also write what both agents did, and when, for Perfetto or chrome://tracing. It holds all "
                    + "runs, at most 100 of a combination.")
    private @Nullable Path trace;

    @Option(
            names = "--export-hyperfine",
            paramLabel = "FILE",
            description = "Also write the downtimes as hyperfine does, for its plotting scripts; beside QEMU what was "
                    + "seen.")
    private @Nullable Path hyperfine;

    @Option(
            names = "--export-guestperf",
            paramLabel = "FILE",
            description =
                    "Also write the last run, of the first combination, as QEMU's guestperf does, for its plotter.")
    private @Nullable Path guestperf;

    @Option(
            names = "--export-openmetrics",
            paramLabel = "FILE",
            description = "Also write the figures as an OpenMetrics text file, for Prometheus.")
    private @Nullable Path openMetrics;

    /** Checks, before anything runs, that these files and {@code others} can be written, each to a place of its own. */
    void check(CommandSpec spec, int runs, ExportFile... others) {
        ExportFile.checkAll(
                spec,
                Stream.concat(Stream.of(others), Stream.of(trace(), hyperfine(), guestperf(), openMetrics()))
                        .toArray(ExportFile[]::new));
        if (trace != null) {
            Values.between(spec, "--runs (with --export-trace, which holds each of them)", runs, 1, MOST_TRACED);
        }
    }

    /** Whether the agents must note when things happen. */
    boolean traces() {
        return trace != null;
    }

    /** Whether a file was named, so that the whole results are needed. */
    boolean isAny() {
        return Stream.of(trace, hyperfine, guestperf, openMetrics).anyMatch(file -> file != null);
    }

    /**
     * Writes the files that were named.
     *
     * @param command names the one row of a command that has no other; null for the rows' own names
     * @throws IOException if one cannot be written, and names it
     */
    void write(Comparison results, @Nullable String command) throws IOException {
        trace().write(() -> TraceEvents.of(results));
        hyperfine().write(() -> HyperfineJson.of(results, command, ExitCodes::of));
        guestperf().write(() -> GuestperfJson.of(results));
        openMetrics().write(() -> OpenMetrics.of(results));
    }

    private ExportFile trace() {
        return new ExportFile("--export-trace", trace);
    }

    private ExportFile hyperfine() {
        return new ExportFile("--export-hyperfine", hyperfine);
    }

    private ExportFile guestperf() {
        return new ExportFile("--export-guestperf", guestperf);
    }

    private ExportFile openMetrics() {
        return new ExportFile("--export-openmetrics", openMetrics);
    }

    /** What was typed, in one line. */
    static String commandLine(CommandSpec spec) {
        return "pageflip "
                + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    }
}
