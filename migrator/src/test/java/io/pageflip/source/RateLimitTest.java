package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RateLimitTest {
    @ParameterizedTest
    @CsvSource({
        // limit, bytes, elapsed ns -> wait ns
        "0, 1000000000, 0, 0",
        "1000, 0, 0, 0",
        "1000, 500, 0, 500000000",
        "1000, 500, 400000000, 100000000",
        "1000, 500, 500000000, 0",
        "1000, 500, 900000000, -400000000",
    })
    void waitsUntilTheRateIsTheLimit(long limit, long bytes, long elapsedNs, long waitNs) {
        assertThat(new RateLimit(limit).waitNs(bytes, elapsedNs)).isEqualTo(waitNs);
    }

    @Test
    void sendsNoMoreAtOnceThanATenthOfASecondMay() {
        assertThat(new RateLimit(0).batch(512, 4096)).isEqualTo(512);
        assertThat(new RateLimit(1 << 30).batch(512, 4096)).isEqualTo(512);
        assertThat(new RateLimit(1 << 20).batch(512, 4096)).isEqualTo(25);
        assertThat(new RateLimit(1 << 20).batch(512, 2 << 20))
                .as("one at least")
                .isEqualTo(1);
    }
}
