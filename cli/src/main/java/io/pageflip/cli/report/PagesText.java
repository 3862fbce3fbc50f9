package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Evidence.DecidedBy;
import io.pageflip.metrics.Measured;
import java.util.Locale;

/** The part of a text report about pages: their counts, their rate, and the evidence. */
final class PagesText {
    private static final double MILLION = 1e6;
    private static final double GIB = 1L << 30;
    private static final double BYTES_A_MBIT = 1e6 / Byte.SIZE;

    private PagesText() {}

    /** Adds the counts of all pages and of each block, and the rate of the pages phase. */
    static void addCounts(Lines lines, Measured measured) {
        lines.add("pages", "%s", Words.pages(measured.pages()));
        for (Measured.Block block : measured.blocks()) {
            lines.add(
                    "",
                    "%-5s %s x %s %s: %s, in %s",
                    block.name(),
                    Words.number(block.pages().total()),
                    Quantity.formatExact(block.pageSize()),
                    block.backing(),
                    Words.pages(block.pages()),
                    Words.duration(block.pagesNs()));
        }
        lines.add(
                "pages phase",
                "%.2f M pages/s, %.2f GiB/s",
                measured.ram().pagesPerSecond() / MILLION,
                measured.ram().mbps() * BYTES_A_MBIT / GIB);
    }

    /** Adds the evidence for moves, and the pages that a third process maps. */
    static void addEvidence(Lines lines, Evidence evidence) {
        lines.add("evidence", "%s", sentence(evidence));
        Evidence.StillMapped shared = evidence.stillMapped();
        if (shared != null) {
            lines.add("", "%s", sentence(shared));
        }
    }

    private static String sentence(Evidence evidence) {
        if (!evidence.framesVisible()) {
            return "frame numbers are hidden (CAP_SYS_ADMIN shows them)"
                    + (evidence.decidedBy() == DecidedBy.PROBE
                            ? "; a probe decided whether gifted pages count as moved"
                            : "");
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

    private static String sentence(Evidence.StillMapped pages) {
        return String.format(
                Locale.ROOT,
                "%,d still mapped by a third process; %s%s",
                pages.pages(),
                pages.confirmed() == null
                        ? "the kernel's counts are hidden"
                        : String.format(Locale.ROOT, "the kernel's map counts confirm %,d", pages.confirmed()),
                pages.compared() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; %,d of %,d copies lie in another frame",
                                pages.elsewhere(),
                                pages.compared()));
    }
}
