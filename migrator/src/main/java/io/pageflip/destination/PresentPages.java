package io.pageflip.destination;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.scenario.RamConditions;
import java.io.IOException;

/** Pages that a scenario wants mapped at the destination before the source sends them. Used by the agent's thread. */
final class PresentPages {
    private final RamBlock ram;
    private final Userfaultfd userfaultfd;
    private final PageBitmap present;

    /** @param ram registered with {@code userfaultfd} */
    PresentPages(RamBlock ram, Userfaultfd userfaultfd, RamConditions conditions) {
        this.ram = ram;
        this.userfaultfd = userfaultfd;
        this.present = conditions.present(ram.spec().pages());
    }

    /** Maps those pages of {@code range} that the scenario wants mapped; the memfd holds them. */
    void map(PageRange range) throws IOException {
        long pageBytes = ram.spec().pageBytes();
        for (long page = present.nextSet(range.first()); page < range.end(); page = present.nextSet(page + 1)) {
            // Whatever the kernel answers, the page is mapped when the source sends it.
            userfaultfd.continueRange(ram.mapping(), page * pageBytes, pageBytes);
        }
    }
}
