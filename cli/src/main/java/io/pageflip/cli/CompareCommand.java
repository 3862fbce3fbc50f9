package io.pageflip.cli;

import io.pageflip.agent.HostChecks;
import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.Comparison;
import io.pageflip.cli.report.ComparisonCsv;
import io.pageflip.cli.report.ComparisonText;
import io.pageflip.cli.report.HtmlReport;
import io.pageflip.cli.report.QemuCell;
import io.pageflip.cli.report.Way;
import io.pageflip.guest.GuestConfig;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.log.LogOutput;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.Migration;
import io.pageflip.observer.MigrationWatch;
import io.pageflip.os.ChildProcess;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Processors;
import io.pageflip.os.SyscallException;
import io.pageflip.prediction.Costs;
import io.pageflip.prediction.Planned;
import io.pageflip.prediction.Prediction;
import io.pageflip.prediction.Predictor;
import io.pageflip.qemu.QemuMemory;
import io.pageflip.qemu.QemuMigration;
import io.pageflip.qemu.QemuResult;
import io.pageflip.qemu.QemuSettings;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestDocument;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code pageflip compare}: runs migrations of several kinds in turn, and prints one table. Each cell of the matrix is
 * what {@code migrate} does with the same options. Options that are not compared are those of {@code migrate}, and are
 * passed on to it.
 */
@Command(
        name = "compare",
        description = {
            "Runs every combination of guests and mechanisms several times, in turn, and compares their downtimes.",
            "Impossible combinations are listed with the reason. Ctrl-C prints what was measured until then."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CompareCommand implements Callable<Integer> {
    private final Cancellation cancellation;
    private final MigrateCommand migrate;

    @Spec
    private CommandSpec spec;

    @Mixin
    private MatrixOptions matrixOptions;

    @Mixin
    private QemuOptions qemuOptions;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "10",
            description = "Migrations of each combination (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "0",
            description = "Migrations of each combination beforehand that are not counted (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--predict",
            description =
                    "Predict which pages move, which are copied, and why, and show that beside the measurement. Also "
                            + "predict how long it takes, if simulate --calibrate or --costs says what a page costs. Exit code 3 "
                            + "if a page crossed otherwise than predicted.")
    private boolean predict;

    @Option(
            names = "--costs",
            paramLabel = "FILE",
            description = "Read what a page costs from this file, as simulate --calibrate writes it.")
    private @Nullable Path costsFile;

    @Option(
            names = "--cpus",
            paramLabel = "LIST",
            description = "Run all migrations on these processors alone, as in 0-3,8 (default: all).")
    private @Nullable String cpus;

    @Option(
            names = "--prepare",
            paramLabel = "COMMAND",
            description = "Run this command of the shell before each migration, such as \"echo 3 > "
                    + "/proc/sys/vm/drop_caches\".")
    private @Nullable String prepare;

    @Option(
            names = "--cleanup",
            paramLabel = "COMMAND",
            description = "Run this command of the shell after the last migration.")
    private @Nullable String cleanup;

    @Mixin
    private TableOptions table;

    @Mixin
    private ReportOptions report;

    @Option(names = "--export-json", paramLabel = "FILE", description = "Also write the JSON report to a file.")
    private @Nullable Path exportJson;

    @Option(names = "--export-csv", paramLabel = "FILE", description = "Also write a row for each run to a file.")
    private @Nullable Path exportCsv;

    @Option(names = "--export-markdown", paramLabel = "FILE", description = "Also write the table as Markdown.")
    private @Nullable Path exportMarkdown;

    @Option(
            names = "--export-html",
            paramLabel = "FILE",
            description = "Also write an HTML page with charts; it needs no other file and no network.")
    private @Nullable Path exportHtml;

    @Mixin
    private ExportOptions exports;

    private CompareCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
        this.migrate = new MigrateCommand(cancellation);
    }

    /** The command, with those options of {@code migrate} that it does not have itself. */
    static CommandLine commandLine(Cancellation cancellation) {
        CompareCommand command = new CompareCommand(cancellation);
        CommandLine compare = new CommandLine(command);
        for (OptionSpec option :
                new CommandLine(command.migrate).getCommandSpec().options()) {
            boolean passedOn = !option.hidden() || option.longestName().equals(RunOptions.WARM_UP);
            if (passedOn && compare.getCommandSpec().findOption(option.longestName()) == null) {
                compare.getCommandSpec()
                        .addOption(OptionSpec.builder(option).build()); // its value goes to command.migrate
            }
        }
        return compare;
    }

    @Override
    public Integer call() throws Exception {
        LogOutput log = report.openLog(spec);
        try (log) {
            return compare();
        }
    }

    private int compare() throws Exception {
        Values.between(spec, "--runs", runs, 1, MigrateCommand.MOST_RUNS);
        Values.between(spec, "--warmup", warmup, 0, MigrateCommand.MOST_RUNS);
        ExportFile json = new ExportFile("--export-json", exportJson);
        ExportFile csv = new ExportFile("--export-csv", exportCsv);
        ExportFile markdown = new ExportFile("--export-markdown", exportMarkdown);
        ExportFile html = new ExportFile("--export-html", exportHtml);
        exports.check(spec, runs, json, csv, markdown, html);
        if (costsFile != null && !predict) {
            throw new ParameterException(spec.commandLine(), "--costs is for --predict, which is not there");
        }
        qemuOptions.check();
        table.check(qemuOptions.isWanted());
        pin();
        Costs costs = predict ? CostsFile.load(spec, costsFile) : null;
        Matrix matrix = Matrix.of(spec, matrixOptions.combinations(), this::common, this::checkHost);
        if (matrix.requests().isEmpty()) {
            throw nothingToRun(matrix);
        }
        QemuOptions.Rows qemu = qemuOptions.isWanted() ? qemuOptions.rows(matrix.requests(), cancellation) : null;
        Way reference = table.reference(ways(matrix, qemu));
        List<@Nullable Prediction> predictions = predictions(matrix, costs);
        ComparisonRun<RowRun> run = runAll(matrix, qemu);
        Comparison comparison = comparison(matrix, qemu, run, predictions, reference);
        ComparisonText text =
                new ComparisonText(heading(comparison), comparison, table.order(), table.unit(), reference);
        shell("--cleanup", cleanup);
        print(text);
        json.write(comparison::json);
        csv.write(() -> ComparisonCsv.of(comparison));
        markdown.write(text::markdown);
        html.write(() -> HtmlReport.of(ResultJson.MAPPER.valueToTree(comparison)));
        exports.write(comparison, null);
        if (predict && costs == null) {
            spec.commandLine()
                    .getErr()
                    .println("pageflip: no time is predicted, since nothing was measured on this host; "
                            + "pageflip simulate --calibrate measures it");
        }
        return comparison.contradictsPrediction() ? Math.max(exitCode(run), ExitCodes.DIFFERENT) : exitCode(run);
    }

    /**
     * Agents and QEMUs are started by this thread, and inherit where it may run. The observer has threads of its own.
     */
    private void pin() {
        if (cpus != null) {
            try {
                Processors.parse(cpus).pin();
            } catch (IllegalArgumentException e) {
                throw new ParameterException(
                        spec.commandLine(), "--cpus " + cpus + ": write numbers of processors, as in 0-3,8", e);
            } catch (SyscallException e) {
                throw new ParameterException(
                        spec.commandLine(), "--cpus " + cpus + ": this process may use none of them", e);
            }
        }
    }

    /** Of all rows, in the order in which they run. */
    private static List<Way> ways(Matrix matrix, QemuOptions.@Nullable Rows qemu) {
        List<QemuSettings> settings = qemu == null ? List.of() : qemu.settings();
        return Stream.concat(
                        matrix.requests().stream().map(RequestDocument::of),
                        settings.stream().map(QemuOptions::options))
                .map(Way::of)
                .toList();
    }

    /** Predicts each cell, before any has run; null for each if no prediction is asked for. */
    private List<@Nullable Prediction> predictions(Matrix matrix, @Nullable Costs costs)
            throws IOException, InterruptedException {
        Predictor predictor = new Predictor(costs);
        List<@Nullable Prediction> predictions = new ArrayList<>();
        for (MigrationRequest request : matrix.requests()) {
            predictions.add(predict ? predictor.predict(planned(request)) : null);
        }
        return predictions;
    }

    private static Planned planned(MigrationRequest request) throws IOException {
        SimulatedKernel kernel =
                HostChecks.movesGifts(request) ? SimulatedKernel.VMSPLICE_MOVE_FIXED : SimulatedKernel.STOCK;
        return new Planned(
                request.guest(),
                request.scenario(),
                request.adopts(),
                request.mechanism(),
                request.schedule(),
                request.gifts(),
                request.moves(),
                request.batchPages(),
                kernel);
    }

    /** The rows of pageflip, and then those of QEMU. */
    private ComparisonRun<RowRun> runAll(Matrix matrix, QemuOptions.@Nullable Rows qemu) throws InterruptedException {
        Progress shown = new Progress();
        List<MigrationRequest> requests = matrix.requests();
        List<QemuSettings> settings = qemu == null ? List.of() : qemu.settings();
        ComparisonRun<RowRun> run = new ComparisonRun<>(
                Stream.concat(
                                requests.stream().map(MigrationRequest::guest),
                                settings.stream().map(QemuSettings::guest))
                        .map(GuestConfig::ramBytes)
                        .toList(),
                warmup,
                runs,
                row -> {
                    try {
                        shell("--prepare", prepare);
                    } catch (IOException e) {
                        return row < requests.size() ? RowRun.failed(e) : RowRun.qemuFailed(e);
                    }
                    return row < requests.size()
                            ? migrate(requests.get(row), qemu != null, shown)
                            : migrate(settings.get(row - requests.size()));
                },
                RowRun::exitCode,
                cancellation,
                NanoClock.SYSTEM);
        try (ProgressDisplay display =
                new ProgressDisplay(run::place, shown, report.progress(), report.quiet() || report.verbose())) {
            display.start();
            run.run();
        }
        return run;
    }

    /** @throws IOException if the command fails; it names the option */
    private static void shell(String option, @Nullable String command) throws IOException, InterruptedException {
        if (command != null) {
            int code = ChildProcess.start(new ProcessBuilder("/bin/sh", "-c", command)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.INHERIT))
                    .waitFor();
            if (code != 0) {
                throw new IOException(option + ": '" + command + "' ended with code " + code);
            }
        }
    }

    private RowRun migrate(MigrationRequest request, boolean watched, Progress shown) throws InterruptedException {
        Migration migration = new Migration(request, AgentCommand.launcher(report.logArguments()), cancellation, shown);
        try {
            if (!watched) {
                return RowRun.of(migration.run(), null);
            }
            try (MigrationWatch watch = MigrationWatch.fromTheStart(
                    migration::processes,
                    qemuOptions.observerPercent(),
                    request.mechanism() == Mechanism.FLIP,
                    NanoClock.SYSTEM)) {
                RunResult result = migration.run();
                Measured measured = result.measured();
                long pausedNs = measured == null ? 0 : measured.throughput().lastInstructionNs();
                long resumedNs = measured == null ? 0 : pausedNs + measured.downtimeNs();
                return RowRun.of(result, watch.end(pausedNs, resumedNs));
            }
        } catch (IOException e) {
            return RowRun.failed(e);
        }
    }

    private RowRun migrate(QemuSettings row) throws InterruptedException {
        return RowRun.of(new QemuMigration(row, cancellation, NanoClock.SYSTEM).run());
    }

    /** The options that all combinations have in common. */
    private RequestBuilder common() {
        return migrate.typed().verify(report.verify()).traces(exports.traces());
    }

    private void checkHost(MigrationRequest request) throws IOException {
        migrate.checkPingPong(spec, request);
        HostChecks.beforeBoth(request);
    }

    private Exception nothingToRun(Matrix matrix) {
        return matrix.lack() == null
                ? new ParameterException(
                        spec.commandLine(), matrix.skipped().get(0).reason())
                : new HostLacksException(matrix.lack());
    }

    private Comparison comparison(
            Matrix matrix,
            QemuOptions.@Nullable Rows qemu,
            ComparisonRun<RowRun> run,
            List<@Nullable Prediction> predictions,
            @Nullable Way reference)
            throws InterruptedException {
        List<Comparison.Measured> measured = new ArrayList<>();
        int pageflips = matrix.requests().size();
        for (int cell = 0; cell < pageflips; cell++) {
            List<RowRun> results = run.results().get(cell);
            measured.add(new Comparison.Measured(
                    RequestDocument.of(matrix.requests().get(cell)),
                    results.stream()
                            .map(RowRun::pageflip)
                            .filter(Objects::nonNull)
                            .toList(),
                    run.failed(cell),
                    predictions.get(cell),
                    qemu == null ? null : results.stream().map(RowRun::seen).toList()));
        }
        List<QemuCell> cells = new ArrayList<>();
        List<QemuSettings> settings = qemu == null ? List.of() : qemu.settings();
        for (int row = 0; row < settings.size(); row++) {
            int at = pageflips + row;
            List<QemuResult> results = run.results().get(at).stream()
                    .map(RowRun::qemu)
                    .filter(Objects::nonNull)
                    .toList();
            boolean complete = !run.failed(at) && !results.isEmpty() && !cancellation.isRequested();
            cells.add(QemuCell.of(
                    QemuOptions.options(settings.get(row)),
                    results,
                    run.failed(at),
                    complete ? memory(settings.get(row)) : null));
        }
        Map<String, Object> request = new LinkedHashMap<>();
        matrixOptions.describe(request);
        qemuOptions.describe(request);
        request.put("runs", runs);
        request.put("warmup", warmup);
        request.put("predict", predict);
        if (cpus != null) {
            request.put("cpus", cpus);
        }
        table.describe(request, reference);
        List<Comparison.Skipped> skipped = new ArrayList<>(matrix.skipped());
        if (qemu != null) {
            skipped.addAll(qemu.skipped());
        }
        return Comparison.of(
                request, cancellation.isRequested(), measured, qemu == null ? null : cells, skipped, reference);
    }

    /** Of one more run, whose times do not count. */
    private QemuMemory memory(QemuSettings row) throws InterruptedException {
        return new QemuMigration(row, cancellation, NanoClock.SYSTEM).runForMemory();
    }

    private void print(ComparisonText text) {
        PrintWriter out = spec.commandLine().getOut();
        if (report.format() == ReportOptions.Format.JSON) {
            out.print(text.comparison().json());
        } else if (!report.quiet()) {
            out.print(text.text());
        }
        out.flush();
    }

    private String heading(Comparison comparison) {
        int cells = comparison.cells().size()
                + (comparison.qemu() == null ? 0 : comparison.qemu().size());
        return "pageflip compare: " + cells + (cells == 1 ? " combination, " : " combinations in turn, ") + runs
                + (runs == 1 ? " run" : " runs") + " of each" + (warmup == 0 ? "" : " after " + warmup + " to warm up");
    }

    /** The worst exit code of all runs. */
    private int exitCode(ComparisonRun<RowRun> run) {
        int worst = run.results().stream()
                .flatMap(List::stream)
                .mapToInt(RowRun::exitCode)
                .max()
                .orElse(ExitCodes.OK);
        return cancellation.isRequested() ? Math.max(worst, ExitCodes.FAILED) : worst;
    }
}
