package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.JsonReport;
import io.pageflip.cli.report.TextReport;
import io.pageflip.guest.GuestConfig;
import io.pageflip.log.LogOutput;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.Migration;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.scenario.ScriptedFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pageflip migrate}: both agents, as two processes, and the report. */
@Command(
        name = "migrate",
        description = "Runs a guest in one process, upgrades it into another, and says what that cost.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class MigrateCommand implements Callable<Integer> {
    static final int MOST_RUNS = 1_000_000;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Mixin
    private GuestOptions guest;

    @Option(
            names = "--channel",
            paramLabel = "KIND",
            defaultValue = "unix",
            description = "What pages and records go through: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
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
                    "Migrations, each with new agents and a new guest but for --ping-pong (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(
            names = "--ping-pong",
            description = "Pass one guest to and fro between two agents that stay: all but the first migrations are "
                    + "between warm JVMs. The guest is verified after the last.")
    private boolean pingPong;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "0",
            description = "Migrations before them that are not counted (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--run-after",
            paramLabel = "SECONDS",
            defaultValue = "0.2",
            description = "How long the guest is left to run after the upgrade (default: ${DEFAULT-VALUE}).")
    private double runAfter;

    @Mixin
    private ReportOptions report;

    @Option(names = "--export-json", paramLabel = "FILE", description = "Also write the JSON report to a file.")
    private @Nullable Path exportJson;

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
            names = WarmUpLength.OPTION,
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
        MigrationPlan plan = plan();
        ExportFile export = new ExportFile("--export-json", exportJson).check(spec);
        plan.checkHost();
        Map<String, Object> request = new LinkedHashMap<>(plan.request());
        request.put("runs", runs);
        request.put("warmup", warmup);
        request.put("ping-pong", pingPong);
        List<RunResult> results = pingPong ? pass(plan) : runAll(plan);
        export.write(() -> JsonReport.of(request, results));
        if (report.format() == ReportOptions.Format.JSON) {
            spec.commandLine().getOut().print(JsonReport.of(request, results));
        } else if (!report.quiet()) {
            spec.commandLine().getOut().print(TextReport.of(heading(plan), results));
        }
        spec.commandLine().getOut().flush();
        results.stream()
                .filter(result -> result.error() != null)
                .findFirst()
                .ifPresent(result -> spec.commandLine().getErr().println("pageflip: " + TextReport.sentence(result)));
        return results.stream().mapToInt(ExitCodes::of).max().orElse(ExitCodes.FAILED);
    }

    private void checkPrefetch(Schedule schedule) {
        if (prefetch != null && !transfer.mayPostcopy(schedule)) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--prefetch is for --schedule postcopy; with " + schedule
                            + " every page is there before the guest could touch it");
        }
        PostcopyOptions.checkPrefetch(spec, prefetchPages());
    }

    private int prefetchPages() {
        return prefetch == null ? PostcopyOptions.DEFAULT_PREFETCH : prefetch;
    }

    /** What was asked for; a usage error if it makes no sense. */
    MigrationPlan plan() {
        GuestConfig typed = guest.config();
        Scenario scenario = guest.scenario();
        GuestConfig config = transfer.adopted(typed, scenario, guest.place());
        Mechanism mechanism = transfer.resolve(config.backing());
        guest.checkSharer(mechanism, transfer.gifts(), transfer.adopts());
        Schedule schedule = transfer.schedule(mechanism, !noMove);
        guest.checkConditions(mechanism, schedule, transfer.gifts(), !noMove);
        transfer.batch();
        transfer.limits();
        checkPrefetch(schedule);
        RunOptions.seconds(spec, runAfter);
        if (pingPong && mechanism == Mechanism.FUSE) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--ping-pong gives the guest away again, and fuse leaves it in private copies of a file that is gone; "
                            + "leave --ping-pong out");
        }
        if (pingPong && guest.lostInPassing() != null) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--ping-pong gives the guest away again, and what " + guest.lostInPassing()
                            + " says of its RAM is true of the first source only; leave one of them out");
        }
        if (noMove && !mechanism.moves()) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--no-move changes nothing with --mechanism " + mechanism + ", which moves no page anyway");
        }
        if (noMove && mechanism == Mechanism.FUSE) {
            throw new CombinationException(
                    spec.commandLine(),
                    "--no-move: with --mechanism fuse it is the source that asks for moves; use --no-gift");
        }
        return new MigrationPlan(
                config,
                scenario,
                guest.ramDirectory(),
                mechanism,
                schedule,
                transfer.gifts(),
                !noMove,
                transfer.batch(),
                transfer.noWayBack(),
                transfer.adoptChunkBytes(),
                request(mechanism, schedule),
                sourceArguments(mechanism, schedule),
                destinationArguments(schedule));
    }

    private List<RunResult> runAll(MigrationPlan plan) throws IOException, InterruptedException {
        List<RunResult> results = new ArrayList<>();
        Progress shown = new Progress();
        Migration migration = plan.migration(cancellation, shown);
        try (ProgressDisplay display =
                new ProgressDisplay(shown, report.progress(), report.quiet() || report.verbose())) {
            display.start();
            for (int i = 0; i < warmup + runs && !cancellation.isRequested(); i++) {
                RunResult result = migration.run();
                boolean good = ExitCodes.of(result) == ExitCodes.OK;
                if (i >= warmup || !good) {
                    results.add(result);
                }
                if (!good) {
                    break; // the next would only hide it
                }
            }
        }
        return results;
    }

    private List<RunResult> pass(MigrationPlan plan) throws IOException, InterruptedException {
        Progress shown = new Progress();
        try (ProgressDisplay display =
                new ProgressDisplay(shown, report.progress(), report.quiet() || report.verbose())) {
            display.start();
            List<RunResult> results =
                    plan.pingPong(warmup + runs, cancellation, shown).run();
            boolean good = results.stream().allMatch(result -> ExitCodes.of(result) == ExitCodes.OK);
            return good && results.size() > warmup ? results.subList(warmup, results.size()) : results;
        }
    }

    private List<String> sourceArguments(Mechanism mechanism, Schedule schedule) {
        List<String> arguments = new ArrayList<>(guest.arguments());
        arguments.addAll(transfer.arguments(mechanism, schedule));
        arguments.add("--channel=" + channel);
        arguments.addAll(RunOptions.arguments(report.verify(), runAfter, warmUp, sourceFault));
        arguments.addAll(report.logArguments());
        return arguments;
    }

    private List<String> destinationArguments(Schedule schedule) {
        List<String> arguments =
                new ArrayList<>(RunOptions.arguments(report.verify(), runAfter, warmUp, destinationFault));
        arguments.addAll(report.logArguments());
        if (noMove) {
            arguments.add("--no-move");
        }
        if (transfer.mayPostcopy(schedule)) {
            arguments.addAll(PostcopyOptions.arguments(prefetchPages(), transfer.batch()));
        }
        return arguments;
    }

    private String heading(MigrationPlan plan) {
        return "pageflip migrate: " + plan.mechanism() + ", " + plan.request().get("schedule") + ", " + channel
                + " channel; " + guest.summary();
    }

    private Map<String, Object> request(Mechanism mechanism, Schedule schedule) {
        Map<String, Object> request = new LinkedHashMap<>();
        guest.describe(request);
        transfer.describe(request, mechanism, schedule, channel);
        request.put("move", !noMove);
        if (transfer.mayPostcopy(schedule)) {
            request.put("prefetch", prefetchPages());
        }
        request.put("verify", report.verify());
        request.put("run-after", runAfter);
        return request;
    }
}
