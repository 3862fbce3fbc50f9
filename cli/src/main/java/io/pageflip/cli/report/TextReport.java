package io.pageflip.cli.report;

import static io.pageflip.cli.report.Words.duration;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.GuestTimeLost;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.MigrationGaps;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.Throughput;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Proc;
import io.pageflip.verification.Verification;
import java.util.Locale;
import java.util.stream.Collectors;

/** The report that a person reads in ten seconds. */
public final class TextReport {
    private static final double MILLION = 1e6;
    private static final double NS_PER_S = 1e9;
    private static final int MOST_MIGRATION_GAPS = 5;
    private static final int MOST_GAPS = 3;

    private final Lines lines = new Lines();

    private TextReport() {}

    /**
     * The report of {@code pageflip migrate}: what was asked for, the last run, and a summary if there were several.
     *
     * @param request in one line
     */
    public static String of(String request, Runs runs) {
        TextReport report = new TextReport();
        report.lines.add(request);
        report.lines.add(String.format(
                Locale.ROOT,
                "Linux %s, %d CPUs, Java %s%n",
                Proc.kernelRelease(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version")));
        if (runs.last() != null) {
            report.run(runs.last());
        }
        Summary summary = runs.summary();
        if (summary != null && runs.count() > 1) {
            report.summary(summary, runs);
        }
        return report.lines.toString();
    }

    /** The report of one agent that was run by hand. */
    public static String ofAgent(String role, RunResult result) {
        TextReport report = new TextReport();
        report.lines.add("pageflip " + role);
        report.run(result);
        return report.lines.toString();
    }

    /** A result in one sentence. */
    public static String sentence(RunResult result) {
        String where = switch (result.owner()) {
            case SOURCE -> "the guest stays at the source";
            case DESTINATION -> "the guest is at the destination";
            case NOBODY -> "nobody has the guest";
            case UNKNOWN -> "the guest did not come";
            case NOBODY_YET -> "there was no guest yet";
        };
        Failure error = result.error();
        return result.status() + ": " + where + (error == null ? "" : ": " + error.message());
    }

    private void run(RunResult result) {
        lines.add("status", "%s", sentence(result));
        Measured measured = result.measured();
        SourceSide source = result.source();
        if (measured != null) {
            beforeRounds(measured);
        }
        if (source.adopt() != null) {
            ScheduleText.addAdoption(lines, source.adopt());
        }
        if (source.precopy() != null) {
            ScheduleText.addPrecopy(lines, source.precopy());
        }
        if (source.fuse() != null) {
            ScheduleText.addFuse(lines, source.fuse());
        }
        if (measured != null) {
            PagesText.addEvidence(lines, measured.evidence());
        }
        if (result.verification() != null) {
            lines.add("verification", "%s", verification(result.verification()));
        }
        if (measured != null) {
            guest(measured);
        }
        if (source.peakPssBytes() != null) {
            lines.add("peak memory", "%s PSS, both agents together", Quantity.format(source.peakPssBytes()));
        }
        if (measured != null) {
            lines.add("time", "%d ms in all, %d ms of it setup", measured.totalTimeMs(), measured.setupTimeMs());
        }
    }

    private void beforeRounds(Measured measured) {
        lines.add("downtime", "%s", duration(measured.downtimeNs()));
        parts(measured.downtimePhasesNs());
        if (measured.dryRunNs() != null) {
            lines.add(
                    "",
                    "not included: a dry run of %s, 0.2 ms before the pause, in which a vCPU executed nothing",
                    duration(measured.dryRunNs()));
        }
        if (measured.blackoutNs() != null) {
            ScheduleText.addBlackout(lines, measured.blackoutNs());
        }
        if (measured.postcopy() != null) {
            ScheduleText.addPostcopy(lines, measured.postcopy());
        }
        PagesText.addCounts(lines, measured);
    }

    private void parts(DowntimePhases phases) {
        lines.add(
                "",
                "stop %s + pages %s + save %s + release %s",
                duration(phases.stop()),
                duration(phases.pages()),
                duration(phases.save()),
                duration(phases.release()));
        lines.add(
                "",
                "+ notice %s + lock %s + load %s + resume %s",
                duration(phases.notice()),
                duration(phases.lock()),
                duration(phases.load()),
                duration(phases.resume()));
    }

    /** Adds what the guest did after the migration, its throughput, and its idle gaps. */
    private void guest(Measured measured) {
        Measured.GuestActivity guest = measured.guest();
        double seconds = guest.ranForNs() / NS_PER_S;
        lines.add(
                "guest",
                "ran %.2f s after the migration: %,.0f pages/s written, %.1f M instructions/s",
                seconds,
                guest.pagesWritten() / seconds,
                guest.instructions() / seconds / MILLION);
        GuestTimeLost lost = measured.guestTimeLost();
        if (lost != null) {
            lines.add("time lost", "%s", timeLost(lost));
        }
        MigrationGaps gaps = measured.migrationGaps();
        if (gaps != null && gaps.count() > 0) {
            lines.add("gaps", "%s", gaps(gaps));
        }
        lines.add("throughput", "%s", throughput(measured.throughput()));
        if (measured.idleGapsNs().max() > 0) {
            lines.add("idle gaps", "%s", idleGaps(measured.idleGapsNs()));
        }
    }

    private static String gaps(MigrationGaps gaps) {
        return String.format(
                Locale.ROOT,
                "%,d of over 50 us during the migration, the longest %s",
                gaps.count(),
                gaps.longest().stream()
                        .limit(MOST_MIGRATION_GAPS)
                        .map(gap -> duration(gap.ns()) + " (" + gap.phase() + ")")
                        .collect(Collectors.joining(", ")));
    }

    /** What the migration cost the guest. */
    private static String timeLost(GuestTimeLost lost) {
        Long total = lost.totalNs();
        if (total != null && lost.beforeNs() != null && lost.downtimeNs() != null && lost.afterNs() != null) {
            return String.format(
                    Locale.ROOT,
                    "%s of the guest's in %s: before it was paused %s, paused %s, after it %s",
                    duration(total),
                    duration(lost.lastedNs()),
                    duration(lost.beforeNs()),
                    duration(lost.downtimeNs()),
                    duration(lost.afterNs()));
        }
        return lost.rateBefore() == 0 || lost.rateAfter() == 0
                ? "not known: the guest was not watched for long enough without a migration"
                : String.format(
                        Locale.ROOT,
                        "not known: the machine was not calm; the guest executed %.1f M instructions/s before the "
                                + "migration, and %.1f M when it was over",
                        lost.rateBefore() / MILLION,
                        lost.rateAfter() / MILLION);
    }

    private static String throughput(Throughput throughput) {
        if (throughput.rateBefore() == 0) {
            return "the guest's rate before the migration is not known";
        }
        return throughput.recoveredNs() == null
                ? "not back to 95 % of its earlier rate while it was watched"
                : "back to 95 % of its earlier rate " + duration(throughput.recoveredNs())
                        + " after the last instruction at the source";
    }

    private static String idleGaps(IdleGaps gaps) {
        return String.format(
                Locale.ROOT,
                "longest %s in %.2f s without a migration",
                gaps.longest().stream().limit(MOST_GAPS).map(Words::duration).collect(Collectors.joining(", ")),
                gaps.watched() / NS_PER_S);
    }

    private static String verification(VerificationResult result) {
        Verification found = result.found();
        if (found == null) {
            return result.status().toString();
        }
        return String.format(
                        Locale.ROOT,
                        "%s: %,d pages of 4 KiB, %d lost, %d stale, %d torn, %d misplaced",
                        result.status(),
                        found.pages(),
                        found.lost(),
                        found.stale(),
                        found.torn(),
                        found.misplaced())
                + (found.vcpus() ? "" : "; vCPU registers DIFFER")
                + (found.console()
                        ? String.format(Locale.ROOT, "; %,d console lines, each once", found.consoleLines())
                        : "; console lines DIFFER");
    }

    private void summary(Summary summary, Runs runs) {
        lines.add(
                "runs",
                "%d; downtime min %s, median %s, p90 %s, p99 %s, max %s",
                runs.count(),
                duration(summary.min()),
                duration(summary.p50()),
                duration(summary.p90()),
                duration(summary.p99()),
                duration(summary.max()));
        lines.add("", "the median of each part:");
        parts(runs.medianPhases());
        Long lost = runs.medianTimeLost();
        if (lost != null) {
            lines.add("", "time lost, the median: %s of the guest's", duration(lost));
        }
        IdleGaps gaps = runs.idleGaps();
        if (gaps != null && gaps.max() > 0) {
            lines.add("", "idle gaps %s", idleGaps(gaps));
        }
    }
}
