package io.pageflip.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

final class CancellationTest {
    private final Cancellation cancellation = new Cancellation();

    @Test
    void isNotRequestedAtFirst() {
        assertThat(cancellation.isRequested()).isFalse();
        assertThatCode(cancellation::check).doesNotThrowAnyException();
    }

    @Test
    void onlyTheFirstReasonCounts() {
        cancellation.request("first");
        cancellation.request("second");
        assertThat(cancellation.isRequested()).isTrue();
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(cancellation::check)
                .withMessage("first");
    }

    @Test
    void isNoticedByAnotherThread() throws InterruptedException {
        Thread signal = new Thread(() -> cancellation.request("by a signal"));
        signal.start();
        signal.join();
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(cancellation::check)
                .withMessage("by a signal");
    }
}
