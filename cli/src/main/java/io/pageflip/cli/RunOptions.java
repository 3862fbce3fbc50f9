package io.pageflip.cli;

import io.pageflip.fault.ScriptedFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of an agent by hand: what it does besides migrating. */
final class RunOptions {
    private static final double MOST_SECONDS = 1e6;
    private static final double NS_PER_S = 1e9;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--verify",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Compare every page of the guest with what it must be, afterwards (default: on).")
    private boolean verify;

    @Option(
            names = "--run-after",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "How long the guest is left to run after the upgrade (default: ${DEFAULT-VALUE}).")
    private double runAfter;

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

    @Option(
            names = "--fault",
            hidden = true,
            paramLabel = "ACTION@STEP",
            converter = Values.Fault.class,
            description = "Kill or stop this agent itself at a step of the protocol.")
    private @Nullable ScriptedFault fault;

    @Option(names = "--supervised", hidden = true, description = "Write events, and give up when standard input ends.")
    private boolean supervised;

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

    long runAfterNs() {
        return seconds(spec, runAfter);
    }

    static long seconds(CommandSpec spec, double runAfter) {
        if (!(runAfter >= 0 && runAfter <= MOST_SECONDS)) {
            throw new ParameterException(
                    spec.commandLine(), "--run-after " + runAfter + ": it must be from 0 to 1000000 seconds");
        }
        return (long) (runAfter * NS_PER_S);
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

    ScriptedFault fault() {
        return fault == null ? ScriptedFault.NONE : fault;
    }

    boolean supervised() {
        return supervised;
    }

    /** These options for an agent that somebody supervises. */
    static List<String> arguments(boolean verify, double runAfter, @Nullable ScriptedFault fault) {
        List<String> arguments = new ArrayList<>();
        arguments.add(verify ? "--verify" : "--no-verify");
        arguments.add("--run-after=" + runAfter);
        if (fault != null) {
            arguments.add("--fault=" + fault);
        }
        return arguments;
    }
}
