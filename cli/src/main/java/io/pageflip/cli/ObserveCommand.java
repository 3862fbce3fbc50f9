package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.ObservationReport;
import io.pageflip.cli.report.ObservationReport.SeenGap;
import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.observer.Gap;
import io.pageflip.observer.Looks;
import io.pageflip.observer.Observer;
import io.pageflip.os.NanoClock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pageflip observe}: watches guests from outside, and prints the gaps in their heartbeats. */
@Command(
        name = "observe",
        description = {
            "Watches the heartbeat of every guest that has our guest information page: those of pageflip, and those of a "
                    + "QEMU that runs our guest. Prints each gap as it ends, and at the end how long the gaps were.",
            "It follows a guest from process to process. It reads RAM that lies in a memfd, or in a file in memory; "
                    + "private memory it does not look at."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:a guest was seen", "1:no guest was seen", "2:what was typed makes no sense"})
final class ObserveCommand implements Callable<Integer> {
    private static final double NS_PER_S = 1e9;
    private static final double NS_PER_MS = 1e6;
    private static final double LONGEST_S = 1e6;
    private static final long SLICE_MS = 50;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--pid",
            paramLabel = "N",
            description = "Watch the guests of this process only, wherever they go (default: those of all processes "
                    + "that you may look at).")
    private @Nullable Integer pid;

    @Option(
            names = "--for",
            paramLabel = "SECONDS",
            description = "How long to watch (default: until Ctrl-C; with --pid, until its guests are gone).")
    private @Nullable Double seconds;

    @Option(
            names = "--threshold",
            paramLabel = "MS",
            defaultValue = "1",
            description = "Print gaps that are longer than this many milliseconds (default: ${DEFAULT-VALUE}).")
    private double thresholdMs;

    @Option(
            names = QemuOptions.OBSERVER_CPU,
            paramLabel = "PERCENT",
            defaultValue = QemuOptions.OBSERVER_CPU_DEFAULT,
            description = "What to take of one processor; 100 to look all the time (default: ${DEFAULT-VALUE}).")
    private double percent;

    @Option(
            names = "--format",
            paramLabel = "KIND",
            defaultValue = "text",
            description = "Report as ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ReportOptions.Format format;

    @Option(names = "--export-json", paramLabel = "FILE", description = "Also write the JSON report to a file.")
    private @Nullable Path exportJson;

    private final Map<Long, ObservationReport.Collector> guests = new LinkedHashMap<>();
    private int there;

    ObserveCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (seconds != null && !(seconds > 0 && seconds <= LONGEST_S)) {
            throw new ParameterException(
                    spec.commandLine(), "--for " + seconds + ": it must be more than 0, and at most 1000000");
        }
        if (!(thresholdMs >= 0 && thresholdMs <= LONGEST_S)) {
            throw new ParameterException(
                    spec.commandLine(), "--threshold " + thresholdMs + ": it must be from 0 to 1000000");
        }
        QemuOptions.checkObserverPercent(spec, percent);
        checkProcess();
        ExportFile json = new ExportFile("--export-json", exportJson).check(spec);
        ObservationReport report = observe();
        if (report.guests().isEmpty()) {
            spec.commandLine().getErr().println("pageflip: " + noGuest());
            return ExitCodes.FAILED;
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(format == ReportOptions.Format.JSON ? report.json() : report.text());
        out.flush();
        json.write(report::json);
        return ExitCodes.OK;
    }

    private void checkProcess() {
        if (pid == null) {
            return;
        }
        Path process = Path.of("/proc", pid.toString());
        if (pid < 1 || !Files.isDirectory(process)) {
            throw new ParameterException(spec.commandLine(), "--pid " + pid + ": there is no such process");
        }
        if (!Files.isReadable(process.resolve("fd"))) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--pid " + pid + ": this user may not look into that process; be its user, or root");
        }
    }

    private String noGuest() {
        String where = pid == null ? "no process that this user may look at has" : "process " + pid + " has";
        return "no guest was seen: " + where
                + (pid == null ? " " : " no ")
                + "RAM with a guest information page in a memfd, or in a file in memory, that it has open";
    }

    /** What the observer's thread tells the thread of the command. */
    private interface News {
        void tell();
    }

    private ObservationReport observe() throws InterruptedException {
        long startNs = NanoClock.SYSTEM.nanoTime();
        long thresholdNs = (long) (thresholdMs * NS_PER_MS);
        BlockingQueue<News> news = new LinkedBlockingQueue<>();
        Observer.Listener listener = new Observer.Listener() {
            @Override
            public void found(long guest) {
                news.add(() -> {
                    there++;
                    guests.putIfAbsent(guest, new ObservationReport.Collector(thresholdNs));
                    print(startNs, "guest " + GuestInfo.name(guest) + "  found");
                });
            }

            @Override
            public void gap(long guest, Gap gap, boolean certain) {
                news.add(() -> ended(guest, SeenGap.of(gap, certain), startNs));
            }

            @Override
            public void gone(long guest) {
                news.add(() -> {
                    there--;
                    print(startNs, "guest " + GuestInfo.name(guest) + "  gone");
                });
            }
        };
        try (Observer observer = new Observer(
                Observer::allProcesses,
                begins -> pid == null || begins == pid,
                percent,
                false,
                listener,
                NanoClock.SYSTEM)) {
            observer.start();
            while (!isOver(startNs)) {
                News next = news.poll(SLICE_MS, TimeUnit.MILLISECONDS);
                if (next != null) {
                    next.tell();
                }
            }
            Looks looks = observer.end();
            news.forEach(News::tell);
            Map<Long, Gap> unended = observer.unended();
            List<ObservationReport.Guest> seen = new ArrayList<>();
            guests.forEach((guest, gaps) -> seen.add(gaps.guest(guest, unended.get(guest))));
            return ObservationReport.of(thresholdNs, looks, seen);
        }
    }

    private boolean isOver(long startNs) {
        boolean timeIsOver = seconds != null && NanoClock.SYSTEM.nanoTime() - startNs >= seconds * NS_PER_S;
        boolean gone =
                pid != null && there == 0 && (!guests.isEmpty() || !Files.isDirectory(Path.of("/proc", "" + pid)));
        return timeIsOver || gone || cancellation.isRequested();
    }

    private void ended(long guest, SeenGap gap, long startNs) {
        ObservationReport.Collector gaps = guests.get(guest);
        if (gaps != null && gaps.add(gap) && format == ReportOptions.Format.TEXT) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(ObservationReport.line(guest, gap, gap.startNs() + gap.gapNs() - startNs));
            out.flush();
        }
    }

    private void print(long startNs, String what) {
        if (format == ReportOptions.Format.TEXT) {
            PrintWriter out = spec.commandLine().getOut();
            out.printf("%9.3f s  %s%n", (NanoClock.SYSTEM.nanoTime() - startNs) / NS_PER_S, what);
            out.flush();
        }
    }
}
