package io.pageflip.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PageBitmapTest {
    private static final int OPERATIONS = 5000;

    @Test
    void isEmptyAtFirst() {
        PageBitmap set = new PageBitmap(130);
        assertThat(set.pages()).isEqualTo(130);
        assertThat(set.cardinality()).isZero();
        assertThat(set.nextSet(0)).isEqualTo(130);
        assertThat(set.nextClear(0)).isZero();
        assertThat(runs(set, 64)).isEmpty();
    }

    @Test
    void ofNoPagesHoldsNone() {
        PageBitmap set = new PageBitmap(0);
        assertThat(set.add(0, 0)).isZero();
        assertThat(set.nextSet(0)).isZero();
        assertThat(set.nextClear(0)).isZero();
        assertThatThrownBy(() -> set.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void addTellsHowManyPagesAreNew() {
        PageBitmap set = new PageBitmap(300);
        assertThat(set.add(60, 10)).isEqualTo(10);
        assertThat(set.add(65, 10)).isEqualTo(5);
        assertThat(set.add(60, 15)).isZero();
        assertThat(set.add(0, 300)).isEqualTo(285);
        assertThat(set.cardinality()).isEqualTo(300);
        assertThat(set.nextClear(0)).isEqualTo(300);
    }

    @Test
    void runsAreCutAfterSoManyPages() {
        PageBitmap set = new PageBitmap(200);
        set.add(3, 5);
        set.add(63, 2);
        set.add(199, 1);
        assertThat(runs(set, 4))
                .containsExactly(new PageRange(3, 4), new PageRange(7, 1), new PageRange(63, 2), new PageRange(199, 1));
    }

    @Test
    void canBeGivenByItsWords() {
        PageBitmap set = PageBitmap.ofWords(66, new long[] {5, 2});
        assertThat(runs(set, 64)).containsExactly(new PageRange(0, 1), new PageRange(2, 1), new PageRange(65, 1));
        assertThat(set.cardinality()).isEqualTo(3);
        assertThat(PageBitmap.ofWords(0, new long[0]).cardinality()).isZero();
        assertThat(PageBitmap.ofWords(64, new long[] {-1}).cardinality()).isEqualTo(64);
        assertThatThrownBy(() -> PageBitmap.ofWords(66, new long[] {5, 4}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PageBitmap.ofWords(66, new long[] {5})).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void takesInAnotherSet() {
        PageBitmap set = new PageBitmap(130);
        set.add(60, 10);
        PageBitmap other = new PageBitmap(130);
        other.add(65, 10);
        other.add(129, 1);
        set.addAll(other);
        assertThat(runs(set, 64)).containsExactly(new PageRange(60, 15), new PageRange(129, 1));
        assertThat(set.cardinality()).isEqualTo(16);
        assertThatThrownBy(() -> set.addAll(new PageBitmap(131))).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "100, 1", "0, 101", "99, 2", "5, -1", "1, 9223372036854775807"})
    void refusesPagesThatItCannotHold(long first, long count) {
        PageBitmap set = new PageBitmap(100);
        assertThatThrownBy(() -> set.add(first, count)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(set.cardinality()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 127, 128, 1000})
    void behavesAsABitSetOverRandomOperations(int pages) {
        Random random = new Random(20_130_726L + pages);
        PageBitmap set = new PageBitmap(pages);
        BitSet model = new BitSet(pages);
        for (int i = 0; i < OPERATIONS; i++) {
            // Short ranges mostly, and a new set now and then: a full one would have nothing left to tell.
            int first = random.nextInt(pages);
            int most = random.nextInt(8) == 0 ? pages - first : Math.min(3, pages - first);
            int count = random.nextInt(most + 1);
            if (model.cardinality() > pages * 9 / 10 && random.nextInt(4) == 0) {
                set = new PageBitmap(pages);
                model.clear();
            }
            int before = model.cardinality();
            model.set(first, first + count);
            assertThat(set.add(first, count)).isEqualTo(model.cardinality() - before);
            assertThat(set.cardinality()).isEqualTo(model.cardinality());

            int at = random.nextInt(pages);
            assertThat(set.get(at)).isEqualTo(model.get(at));
            int nextSet = model.nextSetBit(at);
            assertThat(set.nextSet(at)).isEqualTo(nextSet < 0 ? pages : nextSet);
            assertThat(set.nextClear(at)).isEqualTo(Math.min(pages, model.nextClearBit(at)));
            if (i % 50 == 0) {
                int longest = 1 + random.nextInt(pages);
                assertThat(pagesOf(runs(set, longest), longest)).isEqualTo(model);
            }
        }
    }

    private static List<PageRange> walk(PageRuns runs) {
        List<PageRange> found = new ArrayList<>();
        while (runs.next()) {
            assertThat(runs.end() - runs.first()).isEqualTo(runs.count());
            found.add(runs.range());
        }
        assertThat(runs.next()).as("after the end").isFalse();
        return found;
    }

    @Test
    void walksOverRunsAndGapsAndPartsOfThem() {
        PageBitmap set = new PageBitmap(200);
        set.add(3, 5);
        set.add(63, 2);
        set.add(199, 1);
        assertThat(walk(set.runs())).containsExactly(new PageRange(3, 5), new PageRange(63, 2), new PageRange(199, 1));
        assertThat(walk(set.gaps())).containsExactly(new PageRange(0, 3), new PageRange(8, 55), new PageRange(65, 134));
        assertThat(walk(set.runs(5, 64))).containsExactly(new PageRange(5, 3), new PageRange(63, 1));
        assertThat(walk(set.runs(8, 63))).isEmpty();
        assertThat(walk(set.runs(64, 1000))).containsExactly(new PageRange(64, 1), new PageRange(199, 1));
        assertThat(walk(new PageBitmap(0).gaps())).isEmpty();
    }

    @Test
    void theEmptySetStaysEmptyAndIsAsAnyOtherWithoutPages() {
        PageBitmap empty = PageBitmap.empty(130);
        assertThat(empty.pages()).isEqualTo(130);
        assertThat(empty.isEmpty()).isTrue();
        assertThat(empty.get(129)).isFalse();
        assertThatThrownBy(() -> empty.get(130)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(empty.nextSet(7)).isEqualTo(130);
        assertThat(empty.nextClear(7)).isEqualTo(7);
        assertThat(walk(empty.runs())).isEmpty();
        assertThat(walk(empty.gaps())).containsExactly(new PageRange(0, 130));
        assertThatThrownBy(() -> empty.add(0, 1)).isInstanceOf(UnsupportedOperationException.class);

        PageBitmap set = new PageBitmap(130);
        set.add(5, 3);
        set.addAll(empty);
        set.removeAll(empty);
        empty.removeAll(set);
        assertThat(set.cardinality()).isEqualTo(3);
        assertThat(set.isEmpty()).isFalse();
        assertThat(empty.isEmpty()).isTrue();
        assertThatThrownBy(() -> empty.addAll(set)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void pagesOfAnotherSetAreRemoved() {
        PageBitmap set = new PageBitmap(200);
        set.add(0, 150);
        PageBitmap other = new PageBitmap(200);
        other.add(10, 100);
        other.add(180, 10);
        set.removeAll(other);
        assertThat(set.cardinality()).isEqualTo(50);
        assertThat(runs(set, 200)).containsExactly(new PageRange(0, 10), new PageRange(110, 40));
        assertThatThrownBy(() -> set.removeAll(new PageBitmap(199))).isInstanceOf(IllegalArgumentException.class);
    }

    private static List<PageRange> runs(PageBitmap set, long most) {
        List<PageRange> runs = new ArrayList<>();
        set.forEachRun(most, runs::add);
        return runs;
    }

    private static BitSet pagesOf(List<PageRange> runs, long most) {
        BitSet pages = new BitSet();
        long end = 0;
        for (PageRange run : runs) {
            assertThat(run.first()).isGreaterThanOrEqualTo(end);
            assertThat(run.count()).isBetween(1L, most);
            pages.set((int) run.first(), (int) run.end());
            end = run.end();
        }
        return pages;
    }
}
