package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Precopy;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.Throughput;
import io.pageflip.os.Proc;
import io.pageflip.ram.Adoption;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The report that a person reads in ten seconds. */
public final class TextReport {
    private static final double US = 1e3;
    private static final double MS = 1e6;
    private static final double S = 1e9;
    private static final double GIB = 1L << 30;
    private static final double BYTES_A_MBIT = 1e6 / Byte.SIZE;

    /** Lines of a table of rounds. */
    private static final int MOST_ROUNDS = 12;

    private static final int MOST_GAPS = 3;

    private final StringBuilder text = new StringBuilder();

    private TextReport() {}

    /**
     * Of {@code pageflip migrate}: what was asked for, the last run, and a summary if there were several.
     *
     * @param request in one line
     */
    public static String of(String request, List<RunResult> runs) {
        TextReport report = new TextReport();
        report.heading(request);
        if (!runs.isEmpty()) {
            report.run(runs.get(runs.size() - 1));
        }
        Summary summary = Summary.of(runs);
        if (summary != null && runs.size() > 1) {
            report.line(
                    "runs",
                    "%d; downtime min %s, median %s, p90 %s, p99 %s, max %s",
                    runs.size(),
                    duration(summary.min()),
                    duration(summary.p50()),
                    duration(summary.p90()),
                    duration(summary.p99()),
                    duration(summary.max()));
            report.line("", "the median of each part:");
            report.parts(Summary.medianPhases(runs));
            runs.stream()
                    .map(RunResult::idleGapsNs)
                    .filter(Objects::nonNull)
                    .reduce(IdleGaps::plus)
                    .filter(gaps -> gaps.max() > 0)
                    .ifPresent(gaps -> report.line("", "idle gaps %s", idleGaps(gaps)));
        }
        return report.text.toString();
    }

    /** Of one agent, by hand. */
    public static String ofAgent(String role, RunResult result) {
        TextReport report = new TextReport();
        report.text.append("pageflip ").append(role).append('\n');
        report.run(result);
        return report.text.toString();
    }

    /** A result without a report: one sentence. */
    public static String sentence(RunResult result) {
        String where = switch (result.owner()) {
            case "source" -> "the guest stays at the source";
            case "unknown" -> "the guest did not come";
            case "destination" -> "the guest is at the destination";
            default -> "nobody has the guest";
        };
        RunResult.Failure error = result.error();
        return result.status() + ": " + where + (error == null ? "" : ": " + error.message());
    }

    private void heading(String request) {
        text.append(request).append('\n');
        text.append(String.format(
                Locale.ROOT,
                "Linux %s, %d CPUs, Java %s%n%n",
                Proc.kernelRelease(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version")));
    }

    private void run(RunResult result) {
        line("status", "%s", sentence(result));
        if (result.downtimeNs() != null && result.downtimePhasesNs() != null) {
            downtime(result.downtimeNs(), result.downtimePhasesNs());
        }
        if (result.dryRunNs() != null) {
            line("", "%s of practice 0.2 ms before, in which a vCPU executed nothing", duration(result.dryRunNs()));
        }
        if (result.blackoutNs() != null) {
            line(
                    "blackout",
                    "%s, until the guest's first heartbeat was in memory, its page faults included",
                    duration(result.blackoutNs()));
        }
        if (result.postcopy() != null) {
            postcopy(result.postcopy());
        }
        if (result.pages() != null && result.blocks() != null) {
            pages(result.pages(), result.blocks());
        }
        if (result.ram() != null && result.downtimePhasesNs() != null) {
            line(
                    "pages phase",
                    "%.2f M pages/s, %.2f GiB/s",
                    result.ram().pagesPerSecond() / MS,
                    result.ram().mbps() * BYTES_A_MBIT / GIB);
        }
        if (result.adopt() != null) {
            adopt(result.adopt());
        }
        if (result.precopy() != null) {
            precopy(result.precopy());
        }
        if (result.fuse() != null) {
            RunResult.FuseResult fuse = result.fuse();
            line(
                    "write-back",
                    "%s while the guest ran, %s while it stood (unmapping included, a part of stop)",
                    duration(fuse.writeBackRunningNs()),
                    duration(fuse.writeBackStandingNs()));
            line("fuse", "%,d READ requests, %,d pages spliced into /dev/fuse", fuse.reads(), fuse.splicedPages());
        }
        if (result.evidence() != null) {
            line("evidence", "%s", evidence(result.evidence()));
            stillMapped(result.evidence().stillMapped());
        }
        if (result.verification() != null) {
            line("verification", "%s", verification(result.verification()));
        }
        if (result.guest() != null) {
            RunResult.GuestActivity guest = result.guest();
            double seconds = guest.ranForNs() / S;
            line(
                    "guest since",
                    "ran %.2f s: %,.0f pages/s written, %.1f M instructions/s",
                    seconds,
                    guest.pagesWritten() / seconds,
                    guest.instructions() / seconds / MS);
        }
        if (result.throughput() != null) {
            line("throughput", "%s", throughput(result.throughput()));
        }
        if (result.idleGapsNs() != null && result.idleGapsNs().max() > 0) {
            line("idle gaps", "%s", idleGaps(result.idleGapsNs()));
        }
        if (result.peakPssBytes() != null) {
            line("peak memory", "%s PSS, both agents together", Quantity.format(result.peakPssBytes()));
        }
        if (result.totalTime() != null && result.setupTime() != null) {
            line("time", "%d ms in all, %d ms of it setup", result.totalTime(), result.setupTime());
        }
    }

    private void downtime(long downtimeNs, DowntimePhases phases) {
        line("downtime", "%s", duration(downtimeNs));
        parts(phases);
    }

    private void parts(DowntimePhases phases) {
        line(
                "",
                "stop %s + pages %s + save %s + release %s",
                duration(phases.stop()),
                duration(phases.pages()),
                duration(phases.save()),
                duration(phases.release()));
        line(
                "",
                "+ notice %s + lock %s + load %s + resume %s",
                duration(phases.notice()),
                duration(phases.lock()),
                duration(phases.load()),
                duration(phases.resume()));
    }

    private static String throughput(Throughput throughput) {
        if (throughput.rateBefore() == 0) {
            return "the guest stood still for most of the time before the switch";
        }
        return throughput.recoveredNs() == null
                ? "not back to 95 % of its rate before while it was watched"
                : "95 % of its rate before after " + duration(throughput.recoveredNs());
    }

    private static String idleGaps(IdleGaps gaps) {
        return String.format(
                Locale.ROOT,
                "longest %s in %.2f s without a migration",
                gaps.longest().stream()
                        .limit(MOST_GAPS)
                        .map(TextReport::duration)
                        .collect(Collectors.joining(", ")),
                gaps.watched() / S);
    }

    private void postcopy(RunResult.PostcopyResult late) {
        line(
                "postcopy",
                "%,d faults served; pages: %,d touched, %,d prefetched, %,d in the background; the last after %s",
                late.faults(),
                late.touchedPages(),
                late.prefetchedPages(),
                late.backgroundPages(),
                duration(late.lastPageNs()));
        line(
                "fault latency",
                "median %s, p99 %s, max %s, of %,d waits",
                duration(late.waitNs().p50()),
                duration(late.waitNs().p99()),
                duration(late.waitNs().max()),
                late.waits());
        if (late.recoveries() > 0) {
            line(
                    "paused",
                    "%s, while the connection to the source was broken: %s",
                    duration(late.pausedNs()),
                    late.recoveries() == 1 ? "once" : late.recoveries() + " times");
        }
    }

    private void adopt(Adoption.Figures adopt) {
        line(
                "adopt",
                "%,d chunk%s of %s at most in %s, %s copied, %,d pages pinned",
                adopt.chunks(),
                adopt.chunks() == 1 ? "" : "s",
                Quantity.formatExact(adopt.chunkBytes()),
                duration(adopt.durationNs()),
                Quantity.format(adopt.copiedBytes()),
                adopt.pinnedPages());
        if (adopt.waits() == 0) {
            line("", "no vCPU waited");
        } else {
            line(
                    "",
                    "vCPUs waited %,d time%s, the longest %s",
                    adopt.waits(),
                    adopt.waits() == 1 ? "" : "s",
                    duration(adopt.longestStallNs()));
        }
    }

    private void precopy(Precopy precopy) {
        line(
                "precopy",
                "%d rounds while the guest ran; writes noticed by %s, downtime limit %d ms",
                precopy.rounds().size(),
                precopy.dirtyTracking(),
                precopy.downtimeLimit());
        line("", "round        sent     written        time     Gbit/s    expected  throttle  then");
        List<Precopy.Round> rounds = precopy.rounds();
        for (int i = 0; i < rounds.size(); i++) {
            if (i == MOST_ROUNDS / 2 && rounds.size() > MOST_ROUNDS) {
                int left = rounds.size() - MOST_ROUNDS;
                line("", "… %d more", left);
                i += left;
            }
            Precopy.Round round = rounds.get(i);
            line(
                    "",
                    "%5d  %,10d  %,10d  %10s  %9.2f  %10s  %7d%%  %s",
                    round.round(),
                    round.pagesSent(),
                    round.pagesDirtied(),
                    duration(round.durationNs()),
                    round.mbps() / 1000,
                    duration(round.expectedDowntimeNs()),
                    round.throttlePercent(),
                    round.decision() + ": " + round.reason());
        }
    }

    private void pages(PageCounts all, List<RunResult.Block> blocks) {
        line("pages", "%s", counts(all));
        for (RunResult.Block block : blocks) {
            line(
                    "",
                    "%-5s %s x %s %s: %s, in %s",
                    block.name(),
                    String.format(Locale.ROOT, "%,d", block.pages().total()),
                    Quantity.formatExact(block.pageSize()),
                    block.backing(),
                    counts(block.pages()),
                    duration(block.pagesNs()));
        }
    }

    private static String counts(PageCounts counts) {
        String reasons = counts.copyReasons().entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%,d %s", entry.getValue(), entry.getKey()))
                .collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "%,d moved, %,d copied%s, %,d zero",
                counts.moved(),
                counts.copied(),
                reasons.isEmpty() ? "" : " (" + reasons + ")",
                counts.zero());
    }

    private void stillMapped(RunResult.@Nullable StillMapped pages) {
        if (pages == null) {
            return;
        }
        line(
                "",
                "%,d still mapped by a third process; %s%s",
                pages.pages(),
                pages.confirmed() == null
                        ? "the kernel's counts are hidden"
                        : String.format(Locale.ROOT, "the kernel counts so for %,d", pages.confirmed()),
                pages.compared() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; %,d of %,d copies lie in another frame",
                                pages.elsewhere(),
                                pages.compared()));
    }

    private static String evidence(RunResult.Evidence evidence) {
        if (!evidence.framesVisible()) {
            return switch (evidence.decidedBy()) {
                case "probe" -> "frame numbers are hidden (CAP_SYS_ADMIN shows them); a probe decided";
                default -> "frame numbers are hidden (CAP_SYS_ADMIN shows them)";
            };
        }
        if (evidence.compared() == 0) {
            return "no page was moved: no frame numbers to compare";
        }
        return String.format(
                Locale.ROOT,
                "%,d frame numbers compared: %,d the same%s%s",
                evidence.compared(),
                evidence.same(),
                evidence.relocatedByKernel() == 0
                        ? ""
                        : String.format(Locale.ROOT, ", %,d relocated by the kernel", evidence.relocatedByKernel()),
                evidence.different() == 0 ? "" : String.format(Locale.ROOT, ", %,d DIFFERENT", evidence.different()));
    }

    private static String verification(RunResult.VerificationResult v) {
        if ("skipped".equals(v.status())) {
            return "skipped";
        }
        String found = String.format(
                Locale.ROOT,
                "%s: %,d pages of 4 KiB, %d lost, %d stale, %d torn, %d misplaced",
                v.status(),
                v.pages(),
                v.lost(),
                v.stale(),
                v.torn(),
                v.misplaced());
        return found
                + (Boolean.FALSE.equals(v.vcpus()) ? "; vCPU registers DIFFER" : "")
                + (Boolean.FALSE.equals(v.console()) ? "; console lines DIFFER" : "")
                + (v.consoleLines() == null || Boolean.FALSE.equals(v.console())
                        ? ""
                        : String.format(Locale.ROOT, "; %,d console lines, each once", v.consoleLines()));
    }

    /** {@code 97.3 ms}, {@code 850 us}. */
    static String duration(long ns) {
        if (ns < 10 * US) {
            return String.format(Locale.ROOT, "%.1f us", ns / US);
        }
        if (ns < MS) {
            return String.format(Locale.ROOT, "%.0f us", ns / US);
        }
        if (ns < 10 * S) {
            return String.format(Locale.ROOT, ns < 100 * MS ? "%.2f ms" : "%.1f ms", ns / MS);
        }
        return String.format(Locale.ROOT, "%.1f s", ns / S);
    }

    private void line(String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-14s", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
