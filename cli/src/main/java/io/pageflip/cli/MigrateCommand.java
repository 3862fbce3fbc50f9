package io.pageflip.cli;

import io.pageflip.agent.HostChecks;
import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.Comparison;
import io.pageflip.cli.report.JsonReport;
import io.pageflip.cli.report.Runs;
import io.pageflip.cli.report.TextReport;
import io.pageflip.guest.GuestConfig;
import io.pageflip.log.LogOutput;
import io.pageflip.memory.Quantity;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.Migration;
import io.pageflip.migration.PingPong;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestDocument;
import io.pageflip.request.RequestRules;
import io.pageflip.request.WarmUpLength;
import io.pageflip.scenario.ScriptedFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pageflip migrate}: runs both agents as two processes, and prints the report. */
@Command(
        name = "migrate",
        description = "Runs a guest in one process, moves it to another, and reports what that cost.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class MigrateCommand implements Callable<Integer> {
    static final int MOST_RUNS = 1_000_000;

    /** A report in JSON lists each run, and is made in memory. */
    private static final int MOST_LISTED = 100_000;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Mixin
    private GuestOptions guest;

    @Option(
            names = "--channel",
            paramLabel = "KIND",
            defaultValue = "unix",
            description = "Channel for pages and records: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ChannelKind channel;

    @Mixin
    private TransferOptions transfer;

    @Option(names = "--prefetch", paramLabel = "PAGES", description = PostcopyOptions.PREFETCH)
    private @Nullable Integer prefetch;

    @Option(
            names = "--no-move",
            description = "Do not ask for pages to be moved: every page is copied, with the reason move-not-requested.")
    private boolean noMove;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Number of migrations; each has new agents and a new guest, unless --ping-pong is given (default: ${DEFAULT-VALUE}). "
                            + "At most 1000000, or 100000 with a report in JSON, which lists them all.")
    private int runs;

    @Option(
            names = "--ping-pong",
            description =
                    "Pass one guest to and fro between two agents that stay, so that all migrations but the first are "
                            + "between warm JVMs. The guest is verified after the last one.")
    private boolean pingPong;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "0",
            description = "Migrations beforehand that are not counted (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--run-after",
            paramLabel = "SECONDS",
            defaultValue = "0.2",
            description = "How long the guest runs after the migration, at least (default: ${DEFAULT-VALUE}).")
    private double runAfter;

    @Mixin
    private QmpSockets sockets;

    @Mixin
    private ReportOptions report;

    @Option(names = "--export-json", paramLabel = "FILE", description = "Also write the JSON report to a file.")
    private @Nullable Path exportJson;

    @Mixin
    private ExportOptions exports;

    @Option(
            names = "--source-fault",
            hidden = true,
            paramLabel = "ACTION@STEP",
            converter = Values.Fault.class,
            description = "Have the source kill or stop itself at a step of the protocol.")
    private @Nullable ScriptedFault sourceFault;

    @Option(
            names = "--destination-fault",
            hidden = true,
            paramLabel = "ACTION@STEP",
            converter = Values.Fault.class,
            description = "Have the destination kill or stop itself at a step of the protocol.")
    private @Nullable ScriptedFault destinationFault;

    @Option(
            names = RunOptions.WARM_UP,
            hidden = true,
            paramLabel = "LENGTH",
            defaultValue = "full",
            description = "How much both agents warm up before the guest is paused.")
    private WarmUpLength warmUp;

    MigrateCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        LogOutput log = report.openLog(spec);
        try (log) {
            return migrate();
        }
    }

    private int migrate() throws IOException, InterruptedException {
        Values.between(spec, "--runs", runs, 1, MOST_RUNS);
        Values.between(spec, "--warmup", warmup, 0, MOST_RUNS);
        MigrationRequest request = CheckedRequest.of(spec, typed().build());
        checkPingPong(spec, request);
        sockets.check(spec, pingPong);
        ExportFile export = new ExportFile("--export-json", exportJson);
        exports.check(spec, runs, export);
        boolean lists = exportJson != null || exports.isAny() || report.format() == ReportOptions.Format.JSON;
        if (lists) {
            Values.between(spec, "--runs (with a report that lists each of them)", runs, 1, MOST_LISTED);
        }
        HostChecks.beforeBoth(request);
        Map<String, Object> document = RequestDocument.of(request);
        document.put("runs", runs);
        document.put("warmup", warmup);
        document.put("ping-pong", pingPong);
        Collected collected = new Collected(lists);
        if (pingPong) {
            pass(request, collected);
        } else {
            runAll(request, collected);
        }
        Runs results = collected.finished();
        export.write(() -> JsonReport.of(document, results));
        exports.write(oneRow(document, results), ExportOptions.commandLine(spec));
        if (report.format() == ReportOptions.Format.JSON) {
            spec.commandLine().getOut().print(JsonReport.of(document, results));
        } else if (!report.quiet()) {
            spec.commandLine().getOut().print(TextReport.of(heading(request), results));
        }
        spec.commandLine().getOut().flush();
        RunResult failed = results.firstFailed();
        if (failed != null) {
            spec.commandLine().getErr().println("pageflip: " + TextReport.sentence(failed));
        }
        return results.count() == 0 ? ExitCodes.FAILED : collected.exitCode;
    }

    /** The runs as the one row of a comparison, for reports that may have several. */
    private static Comparison oneRow(Map<String, Object> document, Runs results) {
        Comparison.Measured row = new Comparison.Measured(document, results.all(), results.firstFailed() != null, null);
        return Comparison.of(document, false, List.of(row), List.of());
    }

    /** The results so far, without those of the warm-up, unless something went wrong in it. */
    private final class Collected {
        private final Runs runs;
        private int seen;
        private int exitCode = ExitCodes.OK;
        private @Nullable RunResult lastOfWarmup;

        Collected(boolean lists) {
            this.runs = new Runs(lists);
        }

        /** Returns whether all is well. */
        boolean add(RunResult result) {
            int code = ExitCodes.of(result);
            exitCode = Math.max(exitCode, code);
            if (seen++ < warmup && code == ExitCodes.OK) {
                lastOfWarmup = result;
            } else {
                runs.add(result);
            }
            return code == ExitCodes.OK;
        }

        /** All results; that of a warm-up if nothing came after it. */
        Runs finished() {
            if (runs.count() == 0 && lastOfWarmup != null) {
                runs.add(lastOfWarmup);
            }
            return runs;
        }
    }

    /**
     * The request that was typed. For a comparison it has only the options that {@code compare} leaves to this command.
     */
    RequestBuilder typed() {
        RequestBuilder request = new RequestBuilder();
        guest.fill(request);
        transfer.fill(request);
        return request.channel(channel)
                .moves(!noMove)
                .postcopy(new MigrationRequest.Postcopy(prefetch, null, null))
                .verify(report.verify())
                .runAfterS(runAfter)
                .sourceFault(sourceFault == null ? ScriptedFault.NONE : sourceFault)
                .destinationFault(destinationFault == null ? ScriptedFault.NONE : destinationFault)
                .warmUp(warmUp)
                .traces(exports.traces());
    }

    /** If {@code --ping-pong} was typed, refuses a guest that cannot be passed to and fro. */
    void checkPingPong(CommandSpec command, MigrationRequest request) {
        if (pingPong) {
            CheckedRequest.refuse(command, RequestRules.checkPingPong(request));
        }
    }

    private void runAll(MigrationRequest request, Collected collected) throws IOException, InterruptedException {
        Progress shown = new Progress();
        Migration migration =
                new Migration(request, AgentCommand.launcher(report.logArguments(), sockets), cancellation, shown);
        try (ProgressDisplay display =
                new ProgressDisplay(shown, report.progress(), report.quiet() || report.verbose())) {
            display.start();
            for (int i = 0; i < warmup + runs && !cancellation.isRequested(); i++) {
                if (!collected.add(migration.run())) {
                    break; // another run would only hide the failure
                }
            }
        } finally {
            sockets.removeStale();
        }
    }

    private void pass(MigrationRequest request, Collected collected) throws IOException, InterruptedException {
        Progress shown = new Progress();
        try (ProgressDisplay display =
                new ProgressDisplay(shown, report.progress(), report.quiet() || report.verbose())) {
            display.start();
            new PingPong(request, warmup + runs, AgentCommand.launcher(report.logArguments()), cancellation, shown)
                    .run(collected::add);
        }
    }

    /** The guest in a few words. */
    private static String summary(MigrationRequest request) {
        GuestConfig guest = request.guest();
        return String.format(
                Locale.ROOT,
                "%s %s, %d vCPU%s, %s at %,d pages/s",
                Quantity.format(guest.ramBytes()),
                request.place(),
                guest.vcpus(),
                guest.vcpus() == 1 ? "" : "s",
                guest.workload(),
                guest.dirtyRate());
    }

    private static String heading(MigrationRequest request) {
        return "pageflip migrate: " + request.mechanism() + ", " + request.schedule() + ", " + request.channel()
                + " channel; " + summary(request);
    }
}
