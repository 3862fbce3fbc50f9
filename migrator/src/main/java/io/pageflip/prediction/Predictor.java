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
import io.pageflip.metrics.PageCounts;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Predicts migrations from the guest's description alone: which pages were ever written, in what memory they lie, and,
 * for pages that are gifted, what the simulated kernel does with them. Asks no process and reads no page.
 */
public final class Predictor {
    /** What {@link Calibration} measures with: no other batch is predicted. */
    private static final int BATCH = 512;

    private final @Nullable Costs costs;

    /** @param costs of this host; null if they are not known, so that no time is predicted */
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
            return "the kernel decides about each page of a file, by what it finds it marked with";
        }
        if (planned.scenario().conditions().forkedPercent() > 0
                && planned.guest().dirtyRate() > 0) {
            return "which of the forked pages the guest has written since, and so has alone, is known only when it runs";
        }
        if (planned.adopts()) {
            return "which pages a device holds is known only when the guest runs";
        }
        if (precopy && planned.mechanism() == Mechanism.GIFT) {
            return "which pages go in the last round, the only one that gifts, is up to what the guest writes";
        }
        if (planned.guest().ramBytes() / Backing.ANONYMOUS.pageBytes() > Simulation.MOST_PAGES) {
            return "RAM is larger than what can be simulated";
        }
        return null;
    }

    private static PageCounts counts(Planned planned, BlockSpec spec) throws InterruptedException {
        long part = spec.pages() - spec.wholePages();
        long data = spec.name().equals("ram") ? dataPages(planned.guest(), spec) : spec.pages();
        long whole = data - part;
        Map<String, Long> reasons = new TreeMap<>();
        long moved = switch (planned.mechanism()) {
            case FLIP -> flip(planned, spec, whole, part, reasons);
            case GIFT -> gift(planned, spec, data, reasons);
            case STREAM, PULL -> copy(CopyReason.MECHANISM_COPIES, data, reasons);
            case FUSE -> throw new IllegalArgumentException("fuse is not predicted");
        };
        return new PageCounts(spec.pages(), moved, data - moved, spec.pages() - data, reasons);
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

    private static long flip(Planned planned, BlockSpec spec, long whole, long part, Map<String, Long> reasons) {
        copy(CopyReason.NOT_PAGE_SIZED, part, reasons);
        if (!spec.backing().shareable()) {
            return copy(CopyReason.PRIVATE_MEMORY, whole, reasons);
        }
        if (!planned.gifts()) {
            return copy(CopyReason.NOT_GIFTED, whole, reasons);
        }
        if (spec.name().equals("ram") && !planned.scenario().isPlain()) {
            return flipRam(planned, spec, reasons);
        }
        return planned.moves() ? whole : copy(CopyReason.MOVE_NOT_REQUESTED, whole, reasons);
    }

    /** What a third process maps is not flipped, whatever the destination has there. */
    private static long flipRam(Planned planned, BlockSpec ram, Map<String, Long> reasons) {
        GuestConfig guest = planned.guest();
        Scenario scenario = planned.scenario();
        PageBitmap shared = scenario.sharedPages(ram.pages(), guest.seed());
        PageBitmap present = scenario.conditions().present(ram.pages());
        PageBitmap unmapped = scenario.conditions().unmapped(ram.pages());
        long moved = 0;
        for (long page = 0; page < ram.pages(); page++) {
            if (!guest.filled(page)) {
                continue;
            }
            if (shared.get(page)) {
                copy(CopyReason.STILL_MAPPED, 1, reasons);
            } else if (!planned.moves()) {
                copy(CopyReason.MOVE_NOT_REQUESTED, 1, reasons);
            } else if (present.get(page)) {
                copy(CopyReason.ALREADY_PRESENT, 1, reasons);
            } else if (unmapped.get(page)) {
                copy(CopyReason.NO_MAPPING, 1, reasons);
            } else {
                moved++;
            }
        }
        return moved;
    }

    /**
     * A block that is not whole pages is not gifted at all: 004, "the size argument must be a multiple of page size".
     */
    private static long gift(Planned planned, BlockSpec spec, long data, Map<String, Long> reasons)
            throws InterruptedException {
        if (spec.wholePages() < spec.pages()) {
            return copy(CopyReason.NOT_PAGE_SIZED, data, reasons);
        }
        if (data == 0) {
            return 0;
        }
        VmspliceUse use =
                new VmspliceUse(planned.gifts(), planned.moves(), spec.backing().shareable());
        PageConditions conditions =
                spec.name().equals("ram") && !planned.scenario().conditions().allPlain()
                        ? new GuestPages(planned.scenario().conditions(), data)
                        : Conditions.plain(planned.guest().seed());
        SimulationResult result = new Simulation(planned.kernel(), conditions, data, use).run(1, () -> false);
        result.reasons(Outcome.COPIED).forEach((reason, pages) -> copy(copyReason(reason), pages, reasons));
        return result.count(Outcome.MOVED);
    }

    /** As pageflip tells it, which sees flags and frames, and nothing of what the kernel thinks. */
    private static CopyReason copyReason(String moveReason) {
        for (CopyReason own : new CopyReason[] {CopyReason.NOT_GIFTED, CopyReason.MOVE_NOT_REQUESTED}) {
            if (own.toString().equals(moveReason)) {
                return own;
            }
        }
        return CopyReason.KERNEL_DECLINED;
    }

    /** Nothing moved. */
    private static long copy(CopyReason reason, long pages, Map<String, Long> reasons) {
        if (pages > 0) {
            reasons.merge(reason.toString(), pages, Long::sum);
        }
        return 0;
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
                : costs.pagesNs(planned.mechanism(), pages.moved() + pages.copied());
    }
}
