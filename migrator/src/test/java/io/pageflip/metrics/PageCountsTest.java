package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PageCountsTest {
    @ParameterizedTest
    @CsvSource({
        // total, moved, copied, zero, reasons: adds up?
        "0, 0, 0, 0, 0, true",
        "10, 7, 2, 1, 2, true",
        "10, 7, 2, 0, 2, false",
        "10, 7, 2, 2, 2, false",
        "10, 7, 2, 1, 1, false",
        "10, 7, 2, 1, 3, false",
        "10, 9, 0, 1, 1, false",
    })
    void everyPageOnceAndEveryCopyWithAReason(
            long total, long moved, long copied, long zero, long reasons, boolean addsUp) {
        PageCounts counts =
                new PageCounts(total, moved, copied, zero, reasons == 0 ? Map.of() : Map.of("not-gifted", reasons));
        assertThat(counts.addsUp()).isEqualTo(addsUp);
    }

    @ParameterizedTest
    @CsvSource({
        // total, moved, copied, declined, zero, decline reasons: adds up?
        "10, 5, 2, 2, 1, 2, true",
        "10, 5, 2, 3, 1, 3, false",
        "10, 5, 2, 2, 1, 1, false",
        "10, 5, 2, 2, 1, 0, false",
        "10, 7, 2, 0, 1, 1, false",
        "10, 7, 2, 1, 0, 1, true",
    })
    void aDeclinedPageIsNeitherMovedNorCopiedAndHasItsOwnReason(
            long total, long moved, long copied, long declined, long zero, long reasons, boolean addsUp) {
        PageCounts counts = new PageCounts(
                total,
                moved,
                copied,
                declined,
                zero,
                Map.of("not-gifted", copied),
                reasons == 0 ? Map.of() : Map.of("no-mapping", reasons));
        assertThat(counts.addsUp()).isEqualTo(addsUp);
        assertThat(counts.crossed()).isEqualTo(moved + copied + declined);
    }

    @Test
    void ofCountsWhatHasAReasonAndLeavesReasonsOutThatNoPageHas() {
        PageCounts counts = PageCounts.of(
                10,
                3,
                1,
                Map.of(CopyReason.NOT_GIFTED, 2L, CopyReason.PINNED, 0L),
                Map.of(DeclineReason.ALREADY_PRESENT, 3L, DeclineReason.NO_MAPPING, 1L));
        assertThat(counts)
                .isEqualTo(new PageCounts(
                        10, 3, 2, 4, 1, Map.of("not-gifted", 2L), Map.of("already-present", 3L, "no-mapping", 1L)));
        assertThat(counts.addsUp()).isTrue();
        assertThat(counts.plus(counts))
                .isEqualTo(new PageCounts(
                        20, 6, 4, 8, 2, Map.of("not-gifted", 4L), Map.of("already-present", 6L, "no-mapping", 2L)));
    }

    @Test
    void plusAddsEverythingAndMergesReasons() {
        PageCounts one = new PageCounts(10, 4, 5, 1, Map.of("not-gifted", 3L, "no-mapping", 2L));
        PageCounts two = new PageCounts(100, 40, 9, 51, Map.of("not-gifted", 4L, "private-memory", 5L));
        PageCounts sum = one.plus(two);
        assertThat(sum)
                .isEqualTo(new PageCounts(
                        110, 44, 14, 52, Map.of("not-gifted", 7L, "no-mapping", 2L, "private-memory", 5L)));
        assertThat(sum.addsUp()).isTrue();
        assertThat(one.copyReasons()).containsEntry("not-gifted", 3L);
    }

    @Test
    void noneIsNeutral() {
        PageCounts some = new PageCounts(3, 1, 1, 1, Map.of("no-mapping", 1L));
        assertThat(PageCounts.NONE.plus(some)).isEqualTo(some);
        assertThat(some.plus(PageCounts.NONE)).isEqualTo(some);
    }

    @Test
    void laterChangesOfTheCallersMapDoNotShow() {
        Map<String, Long> reasons = new HashMap<>(Map.of("no-mapping", 1L));
        PageCounts counts = new PageCounts(1, 0, 1, 0, reasons);
        reasons.clear();
        assertThat(counts.copyReasons()).containsExactly(Map.entry("no-mapping", 1L));
    }
}
