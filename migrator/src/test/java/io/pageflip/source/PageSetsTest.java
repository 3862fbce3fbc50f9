package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PageSetsTest {
    private static final List<BlockSpec> BLOCKS =
            List.of(new BlockSpec("small", 8 << 12, Backing.MEMFD), new BlockSpec("huge", 4 << 21, Backing.HUGETLB));

    private static PageSets with(long first, long count) {
        PageSets sets = PageSets.empty(BLOCKS);
        sets.of(0).add(first, count);
        sets.of(1).add(first, 1);
        return sets;
    }

    @Test
    void countsPagesAndBytesOfAllBlocks() {
        assertThat(PageSets.empty(BLOCKS).pages()).isZero();
        PageSets sets = with(2, 3);
        assertThat(sets.pages()).isEqualTo(4);
        assertThat(sets.bytes()).isEqualTo((3L << 12) + (1L << 21));
        assertThat(sets.missing()).containsExactly(5L, 3L);
    }

    @Test
    void addsAndRemovesBlockByBlock() {
        PageSets sets = with(0, 4);
        sets.addAll(with(2, 4));
        assertThat(sets.missing()).containsExactly(2L, 2L);
        sets.removeAll(with(0, 1));
        assertThat(sets.missing()).containsExactly(3L, 3L);
    }

    @Test
    void othersOfTheSameBlocksAreCountedAlike() {
        PageBitmap one = new PageBitmap(8);
        one.add(7, 1);
        assertThat(with(0, 8).like(List.of(one, new PageBitmap(4))).missing()).containsExactly(7L, 4L);
    }
}
