package io.pageflip.kernel.workload;

import io.pageflip.kernel.Defect;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.Warning;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The result of moving a guest, or a part of it, on a simulated kernel. Pages are of 4 KiB.
 *
 * @param offered the number of all pages
 * @param pages their number by outcome and reason
 * @param frames the page frames in use meanwhile, by all processes
 * @param warnings how often the kernel would print each warning
 * @param defects how often each defect of the seed's code showed; the kernel itself does not notice them
 */
public record SimulationResult(
        long offered,
        Map<Outcome, Map<String, Long>> pages,
        FrameUse frames,
        Map<Warning, Long> warnings,
        Map<Defect, Long> defects) {
    /** The result of no pages. */
    static final SimulationResult NONE = new SimulationResult(0, Map.of(), FrameUse.NONE, Map.of(), Map.of());

    /** Pages with that outcome. */
    public long count(Outcome outcome) {
        return reasons(outcome).values().stream().mapToLong(Long::longValue).sum();
    }

    /** Pages with that outcome by the reason's name in reports. */
    public Map<String, Long> reasons(Outcome outcome) {
        return pages.getOrDefault(outcome, Map.of());
    }

    /** Whether every page that was offered has one outcome. */
    public boolean addsUp() {
        return pages.keySet().stream().mapToLong(this::count).sum() == offered;
    }

    /** The result of this part of the guest and the next one together. */
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
