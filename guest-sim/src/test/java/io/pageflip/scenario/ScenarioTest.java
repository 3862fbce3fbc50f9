package io.pageflip.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.Quantity;
import io.pageflip.ram.Backing;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ScenarioTest {
    private static PageBitmap shared(long ramBytes, int percent, long seed) {
        return new Scenario(percent, RamConditions.PLAIN).sharedPages(ramBytes / 4096, seed);
    }

    @ParameterizedTest
    @CsvSource({"1M, 1", "1M, 100", "33M, 7", "64M, 5", "1G, 1", "1G, 50", "1G, 99", "1G, 100"})
    void aSharerMapsThePartThatWasAskedForInAFewRegions(String ram, int percent) {
        PageBitmap shared = shared(Quantity.parseBytes(ram), percent, 7);

        assertThat(shared.cardinality()).isEqualTo((shared.pages() - 1) * percent / 100);
        List<PageRange> regions = new ArrayList<>();
        shared.forEachRun(Long.MAX_VALUE, regions::add);
        assertThat(regions).hasSizeBetween(1, 64);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, -1, Long.MAX_VALUE})
    void thePageThatOthersWatchTheGuestInIsNeverShared(long seed) {
        PageBitmap shared = shared(1 << 20, 100, seed);

        assertThat(shared.get(0)).isFalse();
        assertThat(shared.cardinality()).isEqualTo(255);
    }

    @Test
    void whatIsSharedDependsOnTheSeedAlone() {
        long[] places = {7, 7, 8};
        for (int i = 0; i < places.length; i++) {
            places[i] = shared(64 << 20, 5, places[i]).nextSet(300);
        }
        assertThat(places[0]).isEqualTo(places[1]).isNotEqualTo(places[2]);
        assertThat(shared(64 << 20, 0, 7).cardinality()).isZero();
    }

    @Test
    void conditionsFitMemoryThatCanHaveThemAndIsAllWritten() {
        Scenario huge = new Scenario(0, new RamConditions(1, 0, 0, 0, 0));
        huge.requireFit(Backing.ANONYMOUS, 100);
        new Scenario(5, RamConditions.PLAIN).requireFit(Backing.MEMFD, 30);

        assertThatThrownBy(() -> huge.requireFit(Backing.MEMFD, 100)).hasMessageContaining("memfd RAM");
        assertThatThrownBy(() -> huge.requireFit(Backing.ANONYMOUS, 99)).hasMessageContaining("99% of it written");
    }

    @Test
    void percentagesAreChecked() {
        assertThatThrownBy(() -> new Scenario(101, RamConditions.PLAIN)).hasMessageContaining("101%");
        assertThatThrownBy(() -> new Scenario(-1, RamConditions.PLAIN)).hasMessageContaining("-1%");
        assertThat(new Scenario(0, RamConditions.PLAIN).isPlain()).isTrue();
        assertThat(new Scenario(1, RamConditions.PLAIN).isPlain()).isFalse();
        assertThat(new Scenario(0, new RamConditions(1, 0, 0, 0, 0)).isPlain()).isFalse();
    }
}
