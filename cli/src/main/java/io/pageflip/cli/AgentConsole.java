package io.pageflip.cli;

import io.pageflip.channel.CancelledException;
import io.pageflip.cli.report.TextReport;
import io.pageflip.control.ControlledAgent;
import io.pageflip.destination.SourceListener;
import io.pageflip.log.LogOutput;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.migration.AgentOutcome;
import io.pageflip.migration.AgentRole;
import io.pageflip.os.Fd;
import io.pageflip.os.TimeNamespace;
import io.pageflip.request.RefusedException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Shows the progress and the result of an agent to the person who started it. */
final class AgentConsole {
    private static final double NS_PER_S = 1e9;

    private final AgentOutcome outcome;
    private final RunOptions options;
    private final PrintStream report;
    private @Nullable ParameterException refused;

    /** @param outputIsStream whether standard output carries pages, so that reports go to standard error */
    AgentConsole(AgentRole role, RunOptions options, boolean outputIsStream) {
        this.outcome = new AgentOutcome(role);
        this.options = options;
        this.report = outputIsStream ? System.err : System.out;
    }

    /** An agent's work. */
    interface Work {
        RunResult run(Progress progress, AgentOutcome outcome) throws IOException;
    }

    /** The work of an agent that others control. */
    interface ControlledWork {
        ControlledAgent.Ending run(Progress progress) throws IOException;
    }

    /** Tells the person who started the agent what happens at a socket. */
    SourceListener.Observer observer() {
        return new SourceListener.Observer() {
            @Override
            public void listening(String path) {
                say("waiting for a source at unix:" + path);
            }

            @Override
            public void ignored(String reason) {
                warn("ignored: " + reason);
            }
        };
    }

    /** Takes over a standard descriptor that is a pipe, so that the JVM cannot write to it any more. */
    static Fd takeStandardPipe(CommandSpec spec, int number, String name, String alternative) throws IOException {
        Fd pipe;
        try {
            pipe = Fd.reopenStandardPipe(number);
        } catch (IOException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    name + " is no pipe; write 'pageflip source … | pageflip destination', or use " + alternative);
        }
        Fd.redirectStandard(number);
        return pipe;
    }

    /** Runs the agent, shows its progress, reports its result, and returns the exit code. */
    int run(CommandSpec spec, Work work) throws IOException {
        LogOutput log = options.openLog(spec);
        try (log) {
            return runLogged(work);
        }
    }

    /** Runs an agent until it is told to quit, and reports its last migration; returns the exit code. */
    int runUntilQuit(CommandSpec spec, ControlledWork work) throws IOException {
        VerificationResult[] verified = {null};
        Work once = (progress, unused) -> {
            ControlledAgent.Ending ending = work.run(progress);
            verified[0] = ending.verification();
            if (ending.last() != null) {
                return ending.last();
            }
            throw new CancelledException("told to quit before any migration");
        };
        LogOutput log = options.openLog(spec);
        try (log) {
            RunResult result = runShown(once);
            if (result.status() == MigrationStatus.CANCELLED && result.owner() == Owner.NOBODY_YET) {
                return endedWithout(verified[0]);
            }
            return report(result);
        }
    }

    /** There was no migration: that is no failure. */
    private int endedWithout(@Nullable VerificationResult verification) {
        boolean differs = verification != null && verification.status() == VerificationResult.Status.MISMATCH;
        say("told to quit; there was no migration"
                + (verification == null ? "" : "; verification of the guest: " + verification.status()));
        return differs ? ExitCodes.DIFFERENT : ExitCodes.OK;
    }

    private int runLogged(Work work) throws IOException {
        return report(runShown(work));
    }

    private RunResult runShown(Work work) throws IOException {
        double offsetS = TimeNamespace.OWN.offsetNs() / NS_PER_S;
        if (offsetS != 0) {
            say(String.format(
                    Locale.ROOT,
                    "in this time namespace CLOCK_MONOTONIC shows %.3f s %s than on the host; all times are the host's",
                    Math.abs(offsetS),
                    offsetS > 0 ? "more" : "less"));
        }
        Progress progress = new Progress();
        outcome.logPhases(progress);
        RunResult result;
        try (ProgressDisplay display =
                new ProgressDisplay(progress, options.progress(), options.quiet() || options.verbose())) {
            display.start();
            result = outcome.of(() -> foreseen(work, progress));
        }
        if (refused != null) {
            throw refused;
        }
        return result;
    }

    private int report(RunResult result) {
        if (options.format() == ReportOptions.Format.JSON) {
            report.println(ResultJson.write(result));
        } else if (!options.quiet() || result.error() != null) {
            report.print(TextReport.ofAgent(outcome.role().toString(), result));
        }
        report.flush();
        return ExitCodes.of(result);
    }

    /** Remembers what was typed wrongly, which is neither a result nor a failure that nobody foresaw. */
    private RunResult foreseen(Work work, Progress progress) throws IOException {
        try {
            return work.run(progress, outcome);
        } catch (ParameterException e) {
            refused = e;
            throw new RefusedException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Prints a sentence that is no result on standard error, unless {@code --quiet} was given. */
    void say(String sentence) {
        if (!options.quiet()) {
            warn(sentence);
        }
    }

    /** Prints a sentence on standard error in any case. */
    void warn(String sentence) {
        System.err.println("pageflip " + outcome.role() + ": " + sentence);
    }
}
