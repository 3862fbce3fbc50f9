package io.pageflip.cli;

import java.util.Locale;
import picocli.CommandLine.Option;

/** Options that every migrating command has: whether the guest is verified, and how the result is told. */
class ReportOptions {
    @Option(
            names = "--verify",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Compare every page of the guest with what it must be, afterwards (default: on).")
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
}
