package io.pageflip.prediction;

import io.pageflip.kernel.workload.Condition;
import io.pageflip.kernel.workload.PageConditions;
import io.pageflip.memory.PageBitmap;
import io.pageflip.scenario.RamConditions;

/** The conditions of a real guest's RAM, as the simulated kernel asks for them. */
final class GuestPages implements PageConditions {
    private static final int CHUNK_PAGES = 512;

    private final PageBitmap huge;
    private final PageBitmap forked;
    private final PageBitmap unaligned;

    GuestPages(RamConditions conditions, long pages) {
        huge = conditions.huge(pages);
        forked = conditions.forked(pages);
        unaligned = conditions.unaligned(pages);
    }

    @Override
    public boolean allPlain() {
        return false;
    }

    @Override
    public boolean isHuge(long chunk) {
        return huge.get(chunk * CHUNK_PAGES);
    }

    @Override
    public Condition of(long page) {
        if (forked.get(page)) {
            return Condition.FORKED;
        }
        return unaligned.get(page) ? Condition.UNALIGNED : Condition.PLAIN;
    }

    @Override
    public boolean races(long page) {
        return false;
    }
}
