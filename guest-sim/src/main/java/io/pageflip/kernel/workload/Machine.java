package io.pageflip.kernel.workload;

import io.pageflip.kernel.Defect;
import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Kernel;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.Tally;
import io.pageflip.kernel.Warning;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A simulated machine that moves a part of a guest, chunk by chunk, each through the same frames. Not thread-safe; used
 * for one part.
 */
abstract class Machine {
    /**
     * Enough for the guest's chunk, a copy of it, the pages of KSM's other guest, and those that a request reads into.
     */
    private static final int FRAMES = 5 * Chunk.PAGES;

    private final Races races = new Races();
    private final Kernel kernel = new Kernel(FRAMES, races);
    private final List<Hazard> hazards;
    private final Map<Outcome, Map<String, Long>> pages = new EnumMap<>(Outcome.class);

    /** @param hazards the hazards that may strike here; the number of a page decides which one strikes it */
    Machine(List<Hazard> hazards) {
        this.hazards = hazards;
    }

    Kernel kernel() {
        return kernel;
    }

    /** Puts the chunk's pages into the old process, in their conditions. */
    abstract void populate(Chunk chunk);

    /** Called before the first move of a chunk. */
    void begin(Chunk chunk) {}

    /** Moves pages {@code first} to {@code first + count} of the chunk, one call's worth; see {@link Chunk#run}. */
    abstract void move(Chunk chunk, int first, int count);

    /** Frees everything that populating and moving have left, in all processes. */
    abstract void discard();

    /** Ends the processes, and counts the outcomes of the pages with {@link #addTally}. */
    abstract void end();

    /** Most pages that one call moves. */
    abstract int most();

    /** Moves chunks {@code first} to {@code end}, exclusive, of a guest of {@code guestPages} pages. */
    final SimulationResult run(PageConditions conditions, long first, long end, long guestPages) {
        Chunk chunk = new Chunk(conditions);
        FrameUse frames = FrameUse.NONE;
        long offered = 0;
        for (long number = first; number < end; number++) {
            chunk.load(number, guestPages);
            frames = frames.then(run(chunk));
            offered += chunk.pages();
        }
        end();
        if (kernel.allocator().inUse() != 0) {
            throw new IllegalStateException(kernel.allocator().inUse() + " frames are left of chunks " + first + " to "
                    + end + " with " + conditions);
        }
        return new SimulationResult(offered, pages, frames, warnings(), defects());
    }

    private FrameUse run(Chunk chunk) {
        populate(chunk);
        int before = kernel.allocator().inUse();
        kernel.allocator().resetPeak();
        begin(chunk);
        int count;
        for (int page = 0; page < chunk.pages(); page += count) {
            count = chunk.run(page, most());
            if (chunk.races(page) && !hazards.isEmpty()) {
                races.arm(hazards.get((int) (chunk.number(page) % hazards.size())));
            }
            move(chunk, page, count);
            races.disarm();
        }
        FrameUse use = new FrameUse(
                before, kernel.allocator().peakInUse(), kernel.allocator().inUse());
        discard();
        return use;
    }

    /** Adds the decisions of a tally whose outcome is one of {@code outcomes} to the result. */
    final <R extends Enum<R>> void addTally(Tally<R> tally, Class<R> reasons, List<Outcome> outcomes) {
        for (Outcome outcome : outcomes) {
            for (R reason : reasons.getEnumConstants()) {
                long count = tally.count(outcome, reason);
                if (count > 0) {
                    pages.computeIfAbsent(outcome, key -> new TreeMap<>()).merge(reason.toString(), count, Long::sum);
                }
            }
        }
    }

    private Map<Warning, Long> warnings() {
        Map<Warning, Long> found = new EnumMap<>(Warning.class);
        for (Warning warning : Warning.values()) {
            if (kernel.log().count(warning) > 0) {
                found.put(warning, kernel.log().count(warning));
            }
        }
        return found;
    }

    private Map<Defect, Long> defects() {
        Map<Defect, Long> found = new EnumMap<>(Defect.class);
        for (Defect defect : Defect.values()) {
            if (kernel.log().count(defect) > 0) {
                found.put(defect, kernel.log().count(defect));
            }
        }
        return found;
    }
}
