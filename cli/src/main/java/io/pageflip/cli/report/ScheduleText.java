package io.pageflip.cli.report;

import static io.pageflip.cli.report.Words.duration;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.FuseResult;
import io.pageflip.metrics.PostcopyResult;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.ram.Adoption;
import java.util.List;

/** The parts of a text report that only some schedules and mechanisms have. */
final class ScheduleText {
    /** Maximum number of rounds in the table. */
    private static final int MOST_ROUNDS = 12;

    private static final double MBIT_A_GBIT = 1000;

    private ScheduleText() {}

    static void addBlackout(Lines lines, long blackoutNs) {
        lines.add(
                "blackout",
                "%s, until the guest's first heartbeat was in memory, its page faults included",
                duration(blackoutNs));
    }

    static void addPostcopy(Lines lines, PostcopyResult postcopy) {
        lines.add(
                "postcopy",
                "%,d faults served; pages: %,d touched, %,d prefetched, %,d in the background; the last after %s",
                postcopy.faults(),
                postcopy.touchedPages(),
                postcopy.prefetchedPages(),
                postcopy.backgroundPages(),
                duration(postcopy.lastPageNs()));
        lines.add(
                "fault latency",
                "median %s, p99 %s, max %s, of %,d waits",
                duration(postcopy.waitNs().p50()),
                duration(postcopy.waitNs().p99()),
                duration(postcopy.waitNs().max()),
                postcopy.waits());
        if (postcopy.recoveries() > 0) {
            lines.add(
                    "paused",
                    "%s, while the connection to the source was broken: %s",
                    duration(postcopy.pausedNs()),
                    postcopy.recoveries() == 1 ? "once" : postcopy.recoveries() + " times");
        }
    }

    static void addAdoption(Lines lines, Adoption.Figures adopt) {
        lines.add(
                "adopt",
                "%,d chunk%s of %s at most in %s, %s copied, %,d pages pinned",
                adopt.chunks(),
                adopt.chunks() == 1 ? "" : "s",
                Quantity.formatExact(adopt.chunkBytes()),
                duration(adopt.durationNs()),
                Quantity.format(adopt.copiedBytes()),
                adopt.pinnedPages());
        if (adopt.waits() == 0) {
            lines.add("", "no vCPU waited");
        } else {
            lines.add(
                    "",
                    "vCPUs waited %,d time%s, the longest %s",
                    adopt.waits(),
                    adopt.waits() == 1 ? "" : "s",
                    duration(adopt.longestStallNs()));
        }
    }

    static void addPrecopy(Lines lines, PrecopyResult precopy) {
        lines.add(
                "precopy",
                "%d rounds while the guest ran; writes tracked by %s, downtime limit %d ms",
                precopy.rounds().size(),
                precopy.dirtyTracking(),
                precopy.downtimeLimit());
        lines.add("", "round        sent     written        time     Gbit/s    expected  throttle  then");
        List<PrecopyResult.Round> rounds = precopy.rounds();
        for (int i = 0; i < rounds.size(); i++) {
            if (i == MOST_ROUNDS / 2 && rounds.size() > MOST_ROUNDS) {
                int left = rounds.size() - MOST_ROUNDS;
                lines.add("", "… %d more", left);
                i += left;
            }
            PrecopyResult.Round round = rounds.get(i);
            lines.add(
                    "",
                    "%5d  %,10d  %,10d  %10s  %9.2f  %10s  %7d%%  %s",
                    round.round(),
                    round.pagesSent(),
                    round.pagesDirtied(),
                    duration(round.durationNs()),
                    round.mbps() / MBIT_A_GBIT,
                    duration(round.expectedDowntimeNs()),
                    round.throttlePercent(),
                    round.decision() + ": " + round.reason());
        }
    }

    static void addFuse(Lines lines, FuseResult fuse) {
        lines.add(
                "write-back",
                "%s while the guest ran, %s while it was paused (unmapping included, a part of stop)",
                duration(fuse.writeBackRunningNs()),
                duration(fuse.writeBackStandingNs()));
        lines.add("fuse", "%,d READ requests, %,d pages spliced into /dev/fuse", fuse.reads(), fuse.splicedPages());
    }
}
