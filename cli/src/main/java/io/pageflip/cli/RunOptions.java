package io.pageflip.cli;

import io.pageflip.scenario.ScriptedFault;
import io.pageflip.warmup.Warmup;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of an agent by hand: what it does besides migrating, and how it tells. */
final class RunOptions extends ReportOptions {
    private static final double MOST_SECONDS = 1e6;
    private static final double NS_PER_S = 1e9;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--run-after",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "How long the guest is left to run after the upgrade (default: ${DEFAULT-VALUE}).")
    private double runAfter;

    @Option(
            names = "--fault",
            hidden = true,
            paramLabel = "ACTION@STEP",
            converter = Values.Fault.class,
            description = "Kill or stop this agent itself at a step of the protocol.")
    private @Nullable ScriptedFault fault;

    @Option(names = "--supervised", hidden = true, description = "Write events, and give up when standard input ends.")
    private boolean supervised;

    @Option(
            names = WarmUpLength.OPTION,
            hidden = true,
            paramLabel = "LENGTH",
            defaultValue = "full",
            description = "How much to warm up before the guest is paused.")
    private WarmUpLength warmUp;

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

    ScriptedFault fault() {
        return fault == null ? ScriptedFault.NONE : fault;
    }

    Warmup.Config warmUp() {
        return warmUp.config();
    }

    boolean supervised() {
        return supervised;
    }

    /** These options for an agent that somebody supervises. */
    static List<String> arguments(boolean verify, double runAfter, WarmUpLength warmUp, @Nullable ScriptedFault fault) {
        List<String> arguments = new ArrayList<>();
        arguments.add(verify ? "--verify" : "--no-verify");
        arguments.add("--run-after=" + runAfter);
        arguments.add(WarmUpLength.OPTION + "=" + warmUp);
        if (fault != null) {
            arguments.add("--fault=" + fault);
        }
        return arguments;
    }
}
