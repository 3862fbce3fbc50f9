package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GuestConfigTest {
    private static final int PAGES = 1 << 18; // of 1 GiB

    private static GuestConfig config(Backing backing, int fillPercent, long seed) {
        return new GuestConfig((long) PAGES * 4096, backing, 1, Workload.IDLE, 0, 10, fillPercent, seed);
    }

    private static BitSet filled(GuestConfig config) {
        BitSet pages = new BitSet();
        for (int page = 0; page < PAGES; page++) {
            pages.set(page, config.filled(page));
        }
        return pages;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 30, 50, 90, 99})
    void fillsAboutThePartThatWasAskedFor(int fillPercent) {
        double part = filled(config(Backing.MEMFD, fillPercent, 7)).cardinality() * 100.0 / PAGES;
        assertThat(part).isBetween(fillPercent - 1.5, fillPercent + 1.5);
    }

    @Test
    void fillsNothingButTheInformationPageAtZeroAndAllAtHundred() {
        assertThat(filled(config(Backing.MEMFD, 0, 7)).cardinality()).isEqualTo(1);
        assertThat(filled(config(Backing.MEMFD, 0, 7)).get(0)).isTrue();
        assertThat(filled(config(Backing.MEMFD, 100, 7)).cardinality()).isEqualTo(PAGES);
    }

    @ParameterizedTest
    @CsvSource({"MEMFD, 16", "ANONYMOUS, 16", "HUGETLB, 512"})
    void dataAndHolesComeInWholeExtents(Backing backing, int extent) {
        BitSet pages = filled(config(backing, 30, 7));
        for (int first = extent; first < PAGES; first += extent) {
            int count = pages.get(first, first + extent).cardinality();
            assertThat(count).as("pages of the extent at %d", first).isIn(0, extent);
        }
    }

    @Test
    void whichPagesDependsOnTheSeedAlone() {
        BitSet pages = filled(config(Backing.MEMFD, 30, 7));
        assertThat(filled(config(Backing.MEMFD, 30, 7))).isEqualTo(pages);
        assertThat(filled(config(Backing.MEMFD, 30, 8))).isNotEqualTo(pages);
    }

    @Test
    void theGuestHasThreeBlocksOfDifferentKinds() {
        GuestConfig config = config(Backing.HUGETLB, 100, 1);
        assertThat(config.blocks())
                .containsExactly(
                        new BlockSpec("ram", 1L << 30, Backing.HUGETLB),
                        new BlockSpec("vram", 16 << 20, Backing.MEMFD),
                        new BlockSpec("rom", (256 << 10) + 512, Backing.ANONYMOUS));
        assertThat(config.blocks().get(GuestConfig.RAM).name()).isEqualTo("ram");
        assertThat(config.blocks().get(GuestConfig.VRAM).name()).isEqualTo("vram");
        assertThat(config.blocks().get(GuestConfig.ROM).name()).isEqualTo("rom");
    }
}
