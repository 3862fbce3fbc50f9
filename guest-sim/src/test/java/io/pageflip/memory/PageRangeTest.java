package io.pageflip.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PageRangeTest {
    @Test
    void endIsTheIndexAfterTheLastPage() {
        assertThat(new PageRange(7, 3).end()).isEqualTo(10);
        assertThat(new PageRange(0, Long.MAX_VALUE).end()).isEqualTo(Long.MAX_VALUE);
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 0", "5, -1", "9223372036854775807, 1", "1, 9223372036854775807"})
    void refusesWhatIsNoRange(long first, long count) {
        assertThatThrownBy(() -> new PageRange(first, count))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no page range: " + first + "+" + count);
    }

    @Test
    void saysWhichPagesItHolds() {
        assertThat(new PageRange(4, 1)).hasToString("page 4");
        assertThat(new PageRange(4, 3)).hasToString("pages 4 to 6");
    }
}
