package io.pageflip.prediction;

import io.pageflip.guest.GuestConfig;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.workload.Conditions;
import io.pageflip.kernel.workload.PageConditions;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.kernel.workload.Simulation;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.kernel.workload.VmspliceUse;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.metrics.PageCounts;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Predicts migrations from the guest's description alone: which pages were ever written, in what memory they lie, and,
 * for pages that are gifted, what the simulated kernel does with them. Asks no process and reads no page.
 */
public final class Predictor {
    /** The batch that {@link Calibration} measures with. No time is predicted with any other. */
    private static final int BATCH = 512;

    private final @Nullable Costs costs;

    /** @param costs on this host; null if they are not known, and then no time is predicted */
    public Predictor(@Nullable Costs costs) {
        this.costs = costs;
    }

    /** Predicts a migration. */
    public Prediction predict(Planned planned) throws InterruptedException {
        String undetermined = undetermined(planned);
        if (undetermined != null) {
            return new Prediction(null, undetermined, null);
        }
        Map<String, PageCounts> blocks = new LinkedHashMap<>();
        for (BlockSpec spec : planned.guest().blocks()) {
            blocks.put(spec.name(), counts(planned, spec));
        }
        Prediction counts = new Prediction(blocks, null, null);
        return new Prediction(blocks, null, pagesNs(planned, counts.pages()));
    }

    private static @Nullable String undetermined(Planned planned) {
        boolean precopy = planned.schedule() == Schedule.PRECOPY;
        if (planned.mechanism() == Mechanism.FUSE) {
            return "the kernel decides for each page of a file whether to move it";
        }
        if (planned.scenario().conditions().forkedPercent() > 0
                && planned.guest().dirtyRate() > 0) {
            return "only a running guest shows which forked pages it has written, and no longer shares with the child";
        }
        if (planned.adopts()) {
            return "only a running guest shows which pages a device holds";
        }
        if (precopy && planned.mechanism() == Mechanism.GIFT) {
            return "only the last round gifts, and its pages depend on what the guest writes";
        }
        if (planned.guest().ramBytes() / Backing.ANONYMOUS.pageBytes() > Simulation.MOST_PAGES) {
            return "RAM is too large to be simulated";
        }
        return null;
    }

    private static PageCounts counts(Planned planned, BlockSpec spec) throws InterruptedException {
        long part = spec.pages() - spec.wholePages();
        long data = spec.name().equals("ram") ? dataPages(planned.guest(), spec) : spec.pages();
        long whole = data - part;
        Fates fates = new Fates();
        switch (planned.mechanism()) {
            case FLIP -> flip(planned, spec, whole, part, fates);
            case GIFT -> gift(planned, spec, data, fates);
            case STREAM, PULL -> fates.copied(CopyReason.MECHANISM_COPIES, data);
            case FUSE -> throw new IllegalArgumentException("fuse is not predicted");
        }
        return fates.counts(spec.pages());
    }

    /** Pages of block {@code ram} in which anything was ever written; the other blocks are full. */
    private static long dataPages(GuestConfig guest, BlockSpec ram) {
        if (guest.fillPercent() == 100) {
            return ram.pages();
        }
        int pieces = ram.pageBytes() / Backing.ANONYMOUS.pageBytes();
        long data = 0;
        for (long page = 0; page < ram.pages(); page++) {
            data += anyFilled(guest, page * pieces, pieces) ? 1 : 0;
        }
        return data;
    }

    private static boolean anyFilled(GuestConfig guest, long first, int pieces) {
        for (long piece = first; piece < first + pieces; piece++) {
            if (guest.filled(piece)) {
                return true;
            }
        }
        return false;
    }

    private static void flip(Planned planned, BlockSpec spec, long whole, long part, Fates fates) {
        fates.copied(CopyReason.NOT_PAGE_SIZED, part);
        if (!spec.backing().shareable()) {
            fates.copied(CopyReason.PRIVATE_MEMORY, whole);
        } else if (!planned.gifts()) {
            fates.copied(CopyReason.NOT_GIFTED, whole);
        } else if (spec.name().equals("ram") && !planned.scenario().isPlain()) {
            flipRam(planned, spec, fates);
        } else if (planned.moves()) {
            fates.moved(whole);
        } else {
            fates.copied(CopyReason.MOVE_NOT_REQUESTED, whole);
        }
    }

    /**
     * Counts the pages of block {@code ram}. A page that a third process maps is not flipped, whatever the destination
     * has there.
     */
    private static void flipRam(Planned planned, BlockSpec ram, Fates fates) {
        GuestConfig guest = planned.guest();
        Scenario scenario = planned.scenario();
        PageBitmap shared = scenario.sharedPages(ram.pages(), guest.seed());
        PageBitmap present = scenario.conditions().present(ram.pages());
        PageBitmap unmapped = scenario.conditions().unmapped(ram.pages());
        for (long page = 0; page < ram.pages(); page++) {
            if (!guest.filled(page)) {
                continue;
            }
            if (shared.get(page)) {
                fates.copied(CopyReason.STILL_MAPPED, 1);
            } else if (!planned.moves()) {
                fates.copied(CopyReason.MOVE_NOT_REQUESTED, 1);
            } else if (present.get(page)) {
                fates.declined(DeclineReason.ALREADY_PRESENT, 1);
            } else if (unmapped.get(page)) {
                fates.declined(DeclineReason.NO_MAPPING, 1);
            } else {
                fates.moved(1);
            }
        }
    }

    /**
     * No page is gifted of a block that is not whole pages: 004, "the size argument must be a multiple of page size".
     */
    private static void gift(Planned planned, BlockSpec spec, long data, Fates fates) throws InterruptedException {
        if (spec.wholePages() < spec.pages()) {
            fates.copied(CopyReason.NOT_PAGE_SIZED, data);
            return;
        }
        if (data == 0) {
            return;
        }
        VmspliceUse use =
                new VmspliceUse(planned.gifts(), planned.moves(), spec.backing().shareable());
        PageConditions conditions =
                spec.name().equals("ram") && !planned.scenario().conditions().allPlain()
                        ? new GuestPages(planned.scenario().conditions(), data)
                        : Conditions.plain(planned.guest().seed());
        SimulationResult result = new Simulation(planned.kernel(), conditions, data, use).run(1, () -> false);
        result.reasons(Outcome.COPIED).forEach((reason, pages) -> fates.copied(copyReason(reason), pages));
        fates.moved(result.count(Outcome.MOVED));
    }

    /** The reason that pageflip reports. It sees flags and frames, but not why the kernel decided as it did. */
    private static CopyReason copyReason(String moveReason) {
        for (CopyReason own : new CopyReason[] {CopyReason.NOT_GIFTED, CopyReason.MOVE_NOT_REQUESTED}) {
            if (own.toString().equals(moveReason)) {
                return own;
            }
        }
        return CopyReason.KERNEL_DECLINED;
    }

    /** Counts of the pages of a block by what becomes of them. Pages that nobody counts are zero. */
    private static final class Fates {
        private long moved;
        private long crossed;
        private final Map<CopyReason, Long> copied = new EnumMap<>(CopyReason.class);
        private final Map<DeclineReason, Long> declined = new EnumMap<>(DeclineReason.class);

        void moved(long pages) {
            moved += pages;
            crossed += pages;
        }

        void copied(CopyReason reason, long pages) {
            add(copied, reason, pages);
        }

        void declined(DeclineReason reason, long pages) {
            add(declined, reason, pages);
        }

        private <R> void add(Map<R, Long> counts, R reason, long pages) {
            counts.merge(reason, pages, Long::sum);
            crossed += pages;
        }

        PageCounts counts(long total) {
            return PageCounts.of(total, moved, total - crossed, copied, declined);
        }
    }

    private @Nullable Long pagesNs(Planned planned, @Nullable PageCounts pages) {
        boolean asMeasured = planned.schedule() == Schedule.STOP_AND_MOVE
                && planned.batch() == BATCH
                && planned.guest().backing() != Backing.HUGETLB
                && planned.kernel() == SimulatedKernel.STOCK
                && planned.scenario().isPlain()
                && (planned.mechanism() != Mechanism.FLIP || (planned.gifts() && planned.moves()));
        return costs == null || pages == null || !asMeasured
                ? null
                : costs.pagesNs(planned.mechanism(), pages.crossed());
    }
}
