package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PercentileTest {
    /** Of the values from 1 to {@code count}. */
    @ParameterizedTest
    @CsvSource({
        "1,    0,    1",
        "1,    500,  1",
        "1,    1000, 1",
        "2,    500,  1",
        "2,    501,  2",
        "3,    500,  2",
        "4,    250,  1",
        "4,    750,  3",
        "5,    250,  2",
        "10,   900,  9",
        "10,   901,  10",
        "10,   990,  10",
        "100,  990,  99",
        "200,  990,  198",
        "1000, 999,  999",
        "1001, 999,  1000",
        "1001, 0,    1",
    })
    void isTheSmallestValueThatSoManyDoNotExceed(int count, int perMille, long expected) {
        long[] sorted = LongStream.rangeClosed(1, count).toArray();
        assertThat(Percentile.of(sorted, perMille)).isEqualTo(expected);
    }

    @Test
    void isAlwaysAMeasuredValue() {
        assertThat(Percentile.of(new long[] {10, 1000}, Percentile.MEDIAN)).isEqualTo(10);
    }

    @Test
    void ofNothingIsZero() {
        assertThat(Percentile.of(new long[0], Percentile.MEDIAN)).isZero();
    }

    /** Three million values, times 999, are more than an int holds. */
    @Test
    void manyValuesAreNoOverflow() {
        long[] sorted = LongStream.range(0, 3_000_000).toArray();
        assertThat(Percentile.of(sorted, 999)).isEqualTo(2_996_999);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1001})
    void moreThanAllIsAMistake(int perMille) {
        assertThatIllegalArgumentException().isThrownBy(() -> Percentile.of(new long[] {1}, perMille));
    }
}
