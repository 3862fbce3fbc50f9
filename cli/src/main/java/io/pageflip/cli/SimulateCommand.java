package io.pageflip.cli;

import io.pageflip.agent.HostChecks;
import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.Host;
import io.pageflip.cli.report.SimulationReport;
import io.pageflip.kernel.workload.Conditions;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.kernel.workload.Simulation;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.metrics.Progress;
import io.pageflip.migration.Migration;
import io.pageflip.os.HostLacksException;
import io.pageflip.prediction.Calibration;
import io.pageflip.prediction.Costs;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RamPlace;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestRules;
import io.pageflip.request.Schedule;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pageflip simulate}: moves a guest on simulated kernels, and reports what each would have moved. */
@Command(
        name = "simulate",
        description = {
            "Moves a guest on simulated kernels, with the code of the kernel proposals of 2010 to 2022. Shows which pages "
                    + "each would have moved, which it would have copied, and why. Moves no page of this host.",
            "stock, vmsplice-move (as posted) and vmsplice-move-fixed move anonymous memory. With the others RAM is a "
                    + "file: fuse-move takes its clean pages, pipe-iter writes them into another file, insert-special "
                    + "maps them into a second process while they are read. There --forked means that another process "
                    + "maps the page, --swapped that it is shared memory; huge and merged pages stay anonymous."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:simulated", "1:interrupted, or a calibration failed", "2:what was typed makes no sense"})
final class SimulateCommand implements Callable<Integer> {
    private static final int MOST_THREADS = 256;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--kernel",
            paramLabel = "KIND",
            split = ",",
            defaultValue = "stock,vmsplice-move-fixed",
            description = "The kernels to simulate: ${COMPLETION-CANDIDATES}%n(default: ${DEFAULT-VALUE}).")
    private List<SimulatedKernel> kernels;

    @Mixin
    private WorkloadOptions workload;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Number of threads; the result does not depend on it (default: one for each processor).")
    private @Nullable Integer threads;

    @Option(
            names = "--calibrate",
            description =
                    "First measure what a page costs on this host, with real migrations of 128 and 512 MiB. The result is "
                            + "kept for later predictions. Takes a minute or two, and 2 GiB.")
    private boolean calibrate;

    @Option(
            names = "--costs",
            paramLabel = "FILE",
            description = "Read what a page costs from this file, as --calibrate writes it; with --calibrate, write it "
                    + "there.")
    private @Nullable Path costsFile;

    @Option(
            names = "--format",
            paramLabel = "KIND",
            defaultValue = "text",
            description = "Report as ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ReportOptions.Format format;

    @Option(names = "--export-json", paramLabel = "FILE", description = "Also write the JSON report to a file.")
    private @Nullable Path exportJson;

    @Option(names = "--export-csv", paramLabel = "FILE", description = "Also write a row for each kernel to a file.")
    private @Nullable Path exportCsv;

    @Option(names = "--export-markdown", paramLabel = "FILE", description = "Also write the table as Markdown.")
    private @Nullable Path exportMarkdown;

    SimulateCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        Values.between(spec, "--threads", workers, 1, MOST_THREADS);
        long pages = workload.pages();
        Conditions conditions = workload.conditions();
        ExportFile json = new ExportFile("--export-json", exportJson);
        ExportFile csv = new ExportFile("--export-csv", exportCsv);
        ExportFile markdown = new ExportFile("--export-markdown", exportMarkdown);
        ExportFile.checkAll(spec, json, csv, markdown, new ExportFile("--costs", calibrate ? costsFile : null));
        Costs costs = calibrate ? calibrated() : CostsFile.load(spec, costsFile);
        Map<SimulatedKernel, SimulationResult> results = new LinkedHashMap<>();
        try {
            for (SimulatedKernel kernel : new LinkedHashSet<>(kernels)) {
                results.put(kernel, new Simulation(kernel, conditions, pages).run(workers, cancellation::isRequested));
            }
        } catch (CancellationException e) {
            spec.commandLine().getErr().println("pageflip: " + e.getMessage());
            return ExitCodes.FAILED;
        }
        SimulationReport report = SimulationReport.of(request(), results, costs);
        print(report);
        json.write(report::json);
        csv.write(report::csv);
        markdown.write(() -> report.markdown(workload.summary()));
        return ExitCodes.OK;
    }

    private Map<String, Object> request() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("kernel", kernels.stream().map(Object::toString).toList());
        workload.describe(request);
        return request;
    }

    private void print(SimulationReport report) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(format == ReportOptions.Format.JSON ? report.json() : report.text(workload.summary()));
        out.flush();
    }

    private Costs calibrated() throws IOException, InterruptedException {
        List<Mechanism> possible = new ArrayList<>();
        for (Mechanism mechanism : Calibration.MECHANISMS) {
            try {
                HostChecks.beforeBoth(request(mechanism, Calibration.RAM_BYTES.get(0)));
                possible.add(mechanism);
            } catch (HostLacksException e) {
                spec.commandLine().getErr().println("pageflip: " + mechanism + " is not measured: " + e.getMessage());
            }
        }
        Costs costs = Calibration.measure(
                possible,
                (mechanism, ramBytes) -> {
                    cancellation.check();
                    MigrationRequest request = request(mechanism, ramBytes);
                    return new Migration(request, AgentCommand.launcher(List.of()), cancellation, new Progress()).run();
                },
                Host.here().toString());
        CostsFile file = costsFile == null ? CostsFile.ofUser() : new CostsFile(costsFile);
        file.store(costs);
        spec.commandLine().getErr().println("pageflip: measured, and kept in " + file.path());
        return costs;
    }

    private MigrationRequest request(Mechanism mechanism, long ramBytes) {
        return CheckedRequest.of(
                spec,
                new RequestBuilder()
                        .mechanism(mechanism)
                        .place(new RamPlace(RequestRules.backingFor(mechanism)))
                        .schedule(Schedule.STOP_AND_MOVE)
                        .ramBytes(ramBytes)
                        .verify(false)
                        .runAfterS(0.05)
                        .build());
    }
}
