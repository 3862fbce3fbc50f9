package io.pageflip.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.Backing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RamConditionsTest {
    private static final int HUGE_PAGE = 512;

    @ParameterizedTest
    @CsvSource({
        "4096, 30, 5, 2",
        "4096, 0, 100, 0",
        "4096, 0, 0, 100",
        "4096, 100, 0, 0",
        "4096, 50, 25, 25",
        "262144, 30, 5, 1",
        "5000000, 10, 80, 10",
        "700, 50, 30, 20",
        "1, 0, 50, 50"
    })
    void thePartsAreMetAboutAndNoPageIsInTwo(long pages, int thp, int forked, int unaligned) {
        RamConditions conditions = new RamConditions(thp, forked, unaligned, 0, 0);
        PageBitmap huge = conditions.huge(pages);
        PageBitmap child = conditions.forked(pages);
        PageBitmap pieces = conditions.unaligned(pages);

        long region = Math.max(1, pages / 2048 / HUGE_PAGE + 1) * HUGE_PAGE;
        double off = 2.0 * region + pages / (double) HUGE_PAGE;
        assertThat((double) huge.cardinality()).isBetween(pages * thp / 100.0 - off, pages * thp / 100.0);
        assertThat((double) child.cardinality()).isBetween(pages * forked / 100.0 - off, pages * forked / 100.0 + off);
        assertThat((double) pieces.cardinality())
                .isBetween(pages * unaligned / 100.0 - off, pages * unaligned / 100.0 + off);
        assertThat(child.get(0)).isFalse();
        PageBitmap all = new PageBitmap(pages);
        all.addAll(huge);
        all.addAll(child);
        all.addAll(pieces);
        assertThat(all.cardinality()).isEqualTo(huge.cardinality() + child.cardinality() + pieces.cardinality());
    }

    @Test
    void hugePagesAreWholeAndAligned() {
        PageBitmap huge = new RamConditions(30, 0, 0, 0, 0).huge(4096 + 100);

        for (long page = 0; page < huge.pages(); page += HUGE_PAGE) {
            long end = Math.min(huge.pages(), page + HUGE_PAGE);
            assertThat(huge.nextSet(page) == page ? huge.nextClear(page) : end)
                    .as("page %d", page)
                    .isGreaterThanOrEqualTo(end);
        }
        assertThat(huge.cardinality()).isEqualTo(2 * HUGE_PAGE);
        assertThat(huge.get(4096)).isFalse();
    }

    @Test
    void whatTheDestinationHasAndWhatItHasNotAreOtherPages() {
        RamConditions conditions = new RamConditions(0, 0, 0, 10, 20);
        PageBitmap present = conditions.present(4096);
        PageBitmap unmapped = conditions.unmapped(4096);
        PageBitmap all = new PageBitmap(4096);
        all.addAll(present);
        all.addAll(unmapped);

        assertThat(present.cardinality()).isEqualTo(8 * 51);
        assertThat(unmapped.cardinality()).isEqualTo(8 * 102);
        assertThat(all.cardinality()).isEqualTo(8 * 153);
        assertThat(conditions.fit(Backing.MEMFD)).isTrue();
        assertThat(conditions.fit(Backing.ANONYMOUS)).isFalse();
        assertThatThrownBy(() -> new RamConditions(1, 0, 0, 0, 1))
                .hasMessageContaining("both private memory and a memfd");
    }

    /** A mapping each, of which a process may have 65,530. */
    @Test
    void theLargestGuestTakesNoMoreMappingsThanThereMayBe() {
        RamConditions conditions = new RamConditions(50, 20, 20, 0, 0);
        long pages = 1L << 26;
        int[] runs = {0};
        conditions.huge(pages).forEachRun(Long.MAX_VALUE, run -> runs[0]++);
        conditions.forked(pages).forEachRun(Long.MAX_VALUE, run -> runs[0]++);

        assertThat(2 * runs[0]).isLessThan(10_000);
    }

    @Test
    void partsThatDoNotAddUpAreRefused() {
        assertThatThrownBy(() -> new RamConditions(50, 30, 30, 0, 0)).hasMessageContaining("50%, 30%, 30%");
        assertThatThrownBy(() -> new RamConditions(-1, 0, 0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
