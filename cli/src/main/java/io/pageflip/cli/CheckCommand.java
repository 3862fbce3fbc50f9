package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.CheckReport;
import io.pageflip.cli.report.Host;
import io.pageflip.os.HostCapabilities;
import io.pageflip.qemu.QemuBinary;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pageflip check}: says what this host can do; it finds out by doing it. */
@Command(
        name = "check",
        description = "Tries what this host can do, and says which mechanisms can be used here.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the default migration (flip over memfd) can run here",
            "2:what was typed makes no sense",
            "4:the default migration cannot run here"
        })
final class CheckCommand implements Callable<Integer> {
    private final Supplier<HostCapabilities> probe;
    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--format",
            paramLabel = "KIND",
            defaultValue = "text",
            description = "Report as ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ReportOptions.Format format;

    @Option(
            names = "--qemu",
            paramLabel = "BINARY",
            split = ",",
            description = "Also say in which modes this QEMU can migrate, beside which compare --qemu measures.")
    private List<String> binaries = List.of();

    CheckCommand(Cancellation cancellation) {
        this(HostCapabilities::probe, cancellation);
    }

    CheckCommand(Supplier<HostCapabilities> probe, Cancellation cancellation) {
        this.probe = probe;
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<QemuBinary> qemu = new ArrayList<>();
        for (String binary : binaries) {
            qemu.add(QemuOptions.ask(spec, binary, cancellation));
        }
        HostCapabilities host = probe.get();
        CheckReport report = new CheckReport(Host.here(), host, qemu);
        PrintWriter out = spec.commandLine().getOut();
        out.print(format == ReportOptions.Format.JSON ? report.json() : report.text());
        out.flush();
        return host.defaultMigration().available() ? ExitCodes.OK : ExitCodes.HOST_LACKS;
    }
}
