package io.pageflip.cli;

import io.pageflip.log.LogOutput;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of every command that migrates: whether to verify the guest, and how to report the result. */
class ReportOptions {
    @Option(
            names = "--verify",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Afterwards, compare every page of the guest with what it must hold (default: on).")
    private boolean verify;

    @Option(
            names = "--format",
            paramLabel = "KIND",
            defaultValue = "text",
            description = "Report as ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Format format;

    @Option(
            names = "--progress",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description =
                    "Show progress on standard error: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, if it is a terminal).")
    private ProgressDisplay.When progress;

    @Option(names = "--quiet", description = "Print errors only.")
    private boolean quiet;

    @Mixin
    private LogOptions log;

    /** How a report is written. */
    enum Format {
        TEXT,
        JSON;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    boolean verify() {
        return verify;
    }

    Format format() {
        return format;
    }

    ProgressDisplay.When progress() {
        return progress;
    }

    boolean quiet() {
        return quiet;
    }

    /** Whether the log goes to standard error, where its lines would break a progress display. */
    boolean verbose() {
        return log.verbose();
    }

    /**
     * Starts to write the log that was asked for; writes nothing if none was.
     *
     * @throws ParameterException if its file cannot be written, or {@code --quiet} was given as well
     */
    LogOutput openLog(CommandSpec spec) {
        if (log.verbose() && quiet) {
            throw new ParameterException(
                    spec.commandLine(), "--verbose and --quiet exclude each other; leave one of them out");
        }
        return log.open(spec);
    }

    /** The options with which an agent writes to the same log. */
    List<String> logArguments() {
        return log.arguments();
    }
}
