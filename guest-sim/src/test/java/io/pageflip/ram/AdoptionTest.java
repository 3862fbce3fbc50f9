package io.pageflip.ram;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a block is cut into chunks. */
final class AdoptionTest {
    @Test
    void aBlockIsCutIntoChunksOfWhichTheLastMayBeShorter() {
        assertThat(chunks(10, 4)).containsExactly(new PageRange(0, 4), new PageRange(4, 4), new PageRange(8, 2));
        assertThat(chunks(8, 4)).containsExactly(new PageRange(0, 4), new PageRange(4, 4));
        assertThat(chunks(2, 1)).containsExactly(new PageRange(0, 1), new PageRange(1, 1));
        assertThat(chunks(10, 10)).containsExactly(new PageRange(0, 10));
        assertThat(chunks(10, Long.MAX_VALUE / 4096)).containsExactly(new PageRange(0, 10));
    }

    @Test
    void pinnedPagesAreInNoChunk() {
        assertThat(chunks(12, 4, 0)).containsExactly(new PageRange(1, 4), new PageRange(5, 4), new PageRange(9, 3));
        assertThat(chunks(12, 4, 5, 6))
                .containsExactly(new PageRange(0, 4), new PageRange(4, 1), new PageRange(7, 4), new PageRange(11, 1));
        assertThat(chunks(6, 4, 4, 5)).containsExactly(new PageRange(0, 4));
        assertThat(chunks(3, 1, 1)).containsExactly(new PageRange(0, 1), new PageRange(2, 1));
        assertThat(chunks(2, 4, 0, 1)).isEmpty();
    }

    private static List<PageRange> chunks(long pages, long mostPages, long... pinned) {
        PageBitmap held = new PageBitmap(pages);
        for (long page : pinned) {
            held.add(page, 1);
        }
        List<PageRange> all = new ArrayList<>();
        for (PageRange chunk = Adoption.chunk(held, 0, mostPages);
                chunk != null;
                chunk = Adoption.chunk(held, chunk.end(), mostPages)) {
            all.add(chunk);
        }
        return all;
    }
}
