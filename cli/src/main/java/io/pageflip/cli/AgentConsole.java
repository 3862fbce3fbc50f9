package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.cli.report.TextReport;
import io.pageflip.log.EventLog;
import io.pageflip.log.LogOutput;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentEvent;
import io.pageflip.os.Fd;
import io.pageflip.os.HostLacksException;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** How an agent speaks: to a person, or to whoever supervises it. */
final class AgentConsole {
    private String role;
    private final RunOptions options;
    private final PrintStream report;
    private final Cancellation cancellation;
    private @Nullable Supervised supervised;
    private Owner owner = Owner.NOBODY_YET;

    /** @param outputIsStream whether standard output carries pages, so that reports go to standard error */
    AgentConsole(String role, RunOptions options, boolean outputIsStream, Cancellation cancellation) {
        this.role = role;
        this.options = options;
        this.report = outputIsStream ? System.err : System.out;
        this.cancellation = cancellation;
    }

    /** An agent's work. */
    interface Work {
        RunResult run(Progress progress) throws IOException;
    }

    /** Takes a standard descriptor that is a pipe out of the JVM's reach, which might write to it. */
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

    /** What it is from now on, where it is one after the other. */
    void role(String next) {
        role = next;
    }

    /** Runs the agent, shows its progress, reports its result, and returns the exit code. */
    int run(CommandSpec spec, Work work) throws IOException {
        LogOutput log = options.openLog(spec);
        try (log) {
            return runLogged(work);
        }
    }

    private int runLogged(Work work) throws IOException {
        Progress progress = new Progress();
        if (EventLog.of(role).isOn()) {
            progress.listener((phase, pages) -> EventLog.of(role).event("phase", new PhaseText(phase, pages)));
        }
        if (options.supervised()) {
            try (Supervised events = new Supervised(progress, cancellation)) {
                supervised = events;
                RunResult result = resultOf(work, progress);
                events.say(AgentEvent.result(result));
                return ExitCodes.of(result);
            }
        }
        RunResult result;
        try (ProgressDisplay display =
                new ProgressDisplay(progress, options.progress(), options.quiet() || options.verbose())) {
            display.start();
            result = resultOf(work, progress);
        }
        if (options.format() == ReportOptions.Format.JSON) {
            report.println(ResultJson.write(result));
        } else if (!options.quiet() || result.error() != null) {
            report.print(TextReport.ofAgent(role, result));
        }
        report.flush();
        return ExitCodes.of(result);
    }

    private RunResult resultOf(Work work, Progress progress) {
        try {
            return work.run(progress);
        } catch (ParameterException e) {
            if (!options.supervised()) {
                throw e;
            }
            return failed(MigrationStatus.FAILED, Failure.Kind.USAGE, e);
        } catch (HostLacksException e) {
            return failed(MigrationStatus.FAILED, Failure.Kind.HOST_LACKS, e);
        } catch (CancelledException | java.util.concurrent.CancellationException e) {
            return failed(MigrationStatus.CANCELLED, Failure.Kind.CANCELLED, e);
        } catch (IOException e) {
            return failed(MigrationStatus.FAILED, Failure.Kind.MIGRATION_FAILED, e);
        }
    }

    /** An agent that never owned a guest, or never let it run. */
    private RunResult failed(MigrationStatus status, Failure.Kind kind, Exception e) {
        // A destination that lost its source cannot know what became of the guest there.
        boolean alone = "destination".equals(role) && e instanceof PeerGoneException;
        return RunResult.ended(status, alone ? Owner.UNKNOWN : owner, null, Failure.of(kind, e));
    }

    /** From now on there is a guest, and if our part ends by an exception the source has it. */
    void sourceHasGuest() {
        owner = Owner.SOURCE;
    }

    /** A phase as the log shows it. */
    private record PhaseText(Progress.Phase phase, long pages) {
        @Override
        public String toString() {
            return pages == 0 ? phase.toString() : phase + ", " + pages + " pages";
        }
    }

    /** Says something that is no result. */
    void say(AgentEvent event, String sentence) {
        if (supervised != null) {
            supervised.say(event);
        } else if (!options.quiet()) {
            System.err.println("pageflip " + role + ": " + sentence);
        }
    }

    /** Says something that a person may want to know. */
    void warn(String sentence) {
        System.err.println("pageflip " + role + ": " + sentence);
    }
}
