package io.pageflip.cli;

import io.pageflip.request.RequestBuilder;
import io.pageflip.request.WarmUpLength;
import io.pageflip.scenario.ScriptedFault;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of an agent that is run by hand: what it does besides migrating, and how it reports. */
final class RunOptions extends ReportOptions {
    /** A hidden option of every command that migrates. */
    static final String WARM_UP = "--warm-up";

    @Option(
            names = "--run-after",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "How long the guest runs after the migration, at least (default: ${DEFAULT-VALUE}).")
    private double runAfter;

    @Option(
            names = "--fault",
            hidden = true,
            paramLabel = "ACTION@STEP",
            converter = Values.Fault.class,
            description = "Kill or stop this agent itself at a step of the protocol.")
    private @Nullable ScriptedFault fault;

    @Option(
            names = WARM_UP,
            hidden = true,
            paramLabel = "LENGTH",
            defaultValue = "full",
            description = "How much to warm up before the guest is paused.")
    private WarmUpLength warmUp;

    void fill(RequestBuilder request) {
        request.verify(verify()).runAfterS(runAfter).warmUp(warmUp);
    }

    ScriptedFault fault() {
        return fault == null ? ScriptedFault.NONE : fault;
    }
}
