package io.pageflip.channel;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class GracePeriodTest {
    private final AtomicLong nowNs = new AtomicLong(17);
    private final Cancellation cancellation = new Cancellation();
    private final GracePeriod grace = new GracePeriod(cancellation, nowNs::get);

    @Test
    void lastsForAWhileAfterTheRequestWasSeen() {
        nowNs.addAndGet(100 * GracePeriod.LENGTH_NS);
        assertThatCode(grace::check).doesNotThrowAnyException();
        cancellation.request("enough");
        assertThatCode(grace::check).doesNotThrowAnyException();
        nowNs.addAndGet(GracePeriod.LENGTH_NS);
        assertThatCode(grace::check).doesNotThrowAnyException();
        nowNs.incrementAndGet();
        assertThatThrownBy(grace::check).isInstanceOf(CancelledException.class).hasMessage("enough");
    }

    @Test
    void letsOtherFailuresThrough() {
        GracePeriod other = new GracePeriod(
                () -> {
                    throw new IOException("gone");
                },
                nowNs::get);
        assertThatThrownBy(other::check).hasMessage("gone");
    }
}
