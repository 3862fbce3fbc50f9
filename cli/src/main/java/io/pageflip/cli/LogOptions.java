package io.pageflip.cli;

import io.pageflip.log.LogOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say where the log of both agents goes. */
final class LogOptions {
    @Option(
            names = "--verbose",
            description =
                    "Show on standard error what both agents do: a line for each change of state and each message "
                            + "between them, with the time of CLOCK_MONOTONIC in seconds.")
    private boolean verbose;

    @Option(
            names = "--log-file",
            paramLabel = "FILE",
            description = "Append these lines to a file, with or without --verbose.")
    private @Nullable Path logFile;

    boolean verbose() {
        return verbose;
    }

    /**
     * Starts to write the log that was asked for; writes nothing if none was.
     *
     * @throws ParameterException if its file cannot be written
     */
    LogOutput open(CommandSpec spec) {
        ExportFile file = new ExportFile("--log-file", logFile).check(spec);
        if (file.isStandardOutput()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--log-file " + logFile + ": reports go there; name a file, or use --verbose for standard error");
        }
        try {
            return LogOutput.open(verbose, logFile);
        } catch (IOException e) {
            throw new ParameterException(
                    spec.commandLine(), "--log-file " + logFile + ": no file can be written there");
        }
    }

    /** The options with which an agent writes to the same log. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        if (verbose) {
            arguments.add("--verbose");
        }
        if (logFile != null) {
            arguments.add("--log-file=" + logFile.toAbsolutePath());
        }
        return arguments;
    }
}
