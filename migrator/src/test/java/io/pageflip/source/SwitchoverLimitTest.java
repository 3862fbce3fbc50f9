package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pageflip.request.RequestBuilder;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class SwitchoverLimitTest {
    private static final long S = 1_000_000_000L;
    private static final long MIB = 1 << 20;

    private long nowNs = 77 * S;

    private SwitchoverLimit limit(RequestBuilder request) {
        return new SwitchoverLimit(request.build(), () -> nowNs);
    }

    @Test
    void thereIsNoneBeforeTheGuestIsPaused() {
        SwitchoverLimit limit = limit(new RequestBuilder());
        nowNs += 1_000_000 * S;
        assertThat(limit.isOver()).isFalse();
    }

    @Test
    void itIsFiveSecondsAndOneMoreFor32MebibytesThatCross() {
        SwitchoverLimit limit = limit(new RequestBuilder());
        limit.start(64 * MIB);
        nowNs += 7 * S;
        assertThatCode(limit::check).doesNotThrowAnyException();
        nowNs++;
        assertThat(limit.isOver()).isTrue();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(limit::check)
                .withMessage("the guest was paused for 7.0 s, which is the limit (--switchover-timeout), while waiting "
                        + "for the destination to read");
    }

    @Test
    void theTimeRunsFromTheFirstStartAlsoIfMoreHasToCross() {
        SwitchoverLimit limit = limit(new RequestBuilder());
        limit.start(0);
        nowNs += 4 * S;
        limit.start(32 * MIB);
        nowNs += 2 * S;
        assertThat(limit.isOver()).isFalse();
        nowNs++;
        assertThat(limit.isOver()).isTrue();
    }

    @Test
    void whatTheUserSaysCountsHoweverMuchCrosses() {
        SwitchoverLimit limit = limit(new RequestBuilder().switchoverTimeoutS(0.5));
        limit.start(1024 * MIB);
        nowNs += S / 2 + 1;
        assertThat(limit.isOver()).isTrue();
    }
}
