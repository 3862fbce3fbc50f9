package io.pageflip.kernel.workload;

import io.pageflip.kernel.Defect;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.Warning;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of a guest, or a part of it, on a simulated kernel. Pages are of 4 KiB.
 *
 * @param offered pages there were
 * @param pages by what became of them, and why
 * @param frames in use meanwhile, of everybody
 * @param warnings that the kernel would print, and how often
 * @param defects of the seed's code that showed, and how often; the kernel itself sees nothing of them
 */
public record SimulationResult(
        long offered,
        Map<Outcome, Map<String, Long>> pages,
        FrameUse frames,
        Map<Warning, Long> warnings,
        Map<Defect, Long> defects) {
    /** Of no pages. */
    static final SimulationResult NONE = new SimulationResult(0, Map.of(), FrameUse.NONE, Map.of(), Map.of());

    /** Pages with that outcome. */
    public long count(Outcome outcome) {
        return reasons(outcome).values().stream().mapToLong(Long::longValue).sum();
    }

    /** Pages with that outcome by reason, as the reasons write themselves. */
    public Map<String, Long> reasons(Outcome outcome) {
        return pages.getOrDefault(outcome, Map.of());
    }

    /** Whether every page that was offered has one outcome. */
    public boolean addsUp() {
        return pages.keySet().stream().mapToLong(this::count).sum() == offered;
    }

    /** This part of the guest, and then the next. */
    SimulationResult then(SimulationResult next) {
        Map<Outcome, Map<String, Long>> together = new EnumMap<>(Outcome.class);
        for (Outcome outcome : Outcome.values()) {
            Map<String, Long> reasons = new TreeMap<>(reasons(outcome));
            next.reasons(outcome).forEach((reason, count) -> reasons.merge(reason, count, Long::sum));
            if (!reasons.isEmpty()) {
                together.put(outcome, reasons);
            }
        }
        Map<Warning, Long> warned = new EnumMap<>(Warning.class);
        warned.putAll(warnings);
        next.warnings.forEach((warning, count) -> warned.merge(
                // A process ends once, however many parts its memory was simulated in.
                warning, count, warning == Warning.BAD_RSS_COUNTER ? Math::max : Long::sum));
        Map<Defect, Long> shown = new EnumMap<>(Defect.class);
        shown.putAll(defects);
        next.defects.forEach((defect, count) -> shown.merge(defect, count, Long::sum));
        return new SimulationResult(offered + next.offered, together, frames.then(next.frames), warned, shown);
    }
}
