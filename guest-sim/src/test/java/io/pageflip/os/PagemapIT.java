package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class PagemapIT {
    @Test
    void tellsPagesThatExistFromHoles() throws IOException {
        try (Mapping mapping = Mapping.anonymous("private", 8 * PAGE)) {
            mapping.setLong(PAGE, 1);
            mapping.setLong(6 * PAGE, 1);
            List<Long> entries = Samples.entries(mapping, 8);
            for (int page = 0; page < 8; page++) {
                assertThat(Pagemap.exists(entries.get(page)))
                        .as("page %d", page)
                        .isEqualTo(page == 1 || page == 6);
                assertThat(Pagemap.present(entries.get(page)))
                        .as("page %d", page)
                        .isEqualTo(page == 1 || page == 6);
            }
        }
    }

    @Test
    void readsFromAnyPageOn() throws IOException {
        try (Mapping mapping = Mapping.anonymous("private", 8 * PAGE);
                Pagemap pagemap = Pagemap.open()) {
            mapping.setLong(5 * PAGE, 1);
            long[] entries = new long[3];
            pagemap.read(mapping, 4, 3, PAGE, entries);
            assertThat(LongStream.of(entries).mapToObj(Pagemap::exists)).containsExactly(false, true, false);
        }
    }

    @Test
    void staysInTheMapping() throws IOException {
        try (Mapping mapping = Mapping.anonymous("private", 4 * PAGE);
                Pagemap pagemap = Pagemap.open()) {
            assertThatThrownBy(() -> pagemap.read(mapping, 2, 3, PAGE, new long[3]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aFrameIsOnlyThatOfAPresentPage() {
        long present = 1L << 63;
        long swapped = 1L << 62;
        long softDirty = 1L << 55;
        assertThat(Pagemap.frame(present | softDirty | 0x1234)).isEqualTo(0x1234);
        assertThat(Pagemap.frame(0x1234)).isZero();
        assertThat(Pagemap.frame(swapped | 0x1234)).isZero();
        assertThat(Pagemap.exists(swapped)).isTrue();
        assertThat(Pagemap.present(swapped)).isFalse();
        assertThat(Pagemap.exists(softDirty)).isFalse();
    }
}
