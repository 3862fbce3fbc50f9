package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.Quantity;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.scenario.RamConditions;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
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

    private static GuestConfig shared(long ramBytes, int percent, long seed) {
        return new GuestConfig(
                ramBytes, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 100, seed, percent, RamConditions.PLAIN);
    }

    @ParameterizedTest
    @CsvSource({"1M, 1", "1M, 100", "33M, 7", "64M, 5", "1G, 1", "1G, 50", "1G, 99", "1G, 100"})
    void aSharerMapsThePartThatWasAskedForInAFewRegions(String ram, int percent) {
        PageBitmap shared = shared(Quantity.parseBytes(ram), percent, 7).shared();

        assertThat(shared.cardinality()).isEqualTo((shared.pages() - 1) * percent / 100);
        List<PageRange> regions = new ArrayList<>();
        shared.forEachRun(Long.MAX_VALUE, regions::add);
        assertThat(regions).hasSizeBetween(1, 64);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, -1, Long.MAX_VALUE})
    void thePageThatOthersWatchTheGuestInIsNeverShared(long seed) {
        PageBitmap shared = shared(1 << 20, 100, seed).shared();

        assertThat(shared.get(0)).isFalse();
        assertThat(shared.cardinality()).isEqualTo(255);
    }

    @Test
    void whatIsSharedDependsOnTheSeedAlone() {
        long[] places = {7, 7, 8};
        for (int i = 0; i < places.length; i++) {
            places[i] = shared(64 << 20, 5, places[i]).shared().nextSet(300);
        }
        assertThat(places[0]).isEqualTo(places[1]).isNotEqualTo(places[2]);
        assertThat(shared(64 << 20, 0, 7).shared()).isNull();
        assertThat(shared(64 << 20, 5, 7).withBacking(Backing.ANONYMOUS).sharerPercent())
                .isEqualTo(5);
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
