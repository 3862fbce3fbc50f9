package io.pageflip.channel;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class InactivityTimeoutTest {
    private static final long S = 1_000_000_000L;

    private long nowNs = -5 * S; // CLOCK_MONOTONIC has any origin
    private final Cancellation cancellation = new Cancellation();
    private final InactivityTimeout timeout = new InactivityTimeout(() -> nowNs, cancellation);

    private void assertPatient() {
        assertThatCode(() -> timeout.check("the peer")).doesNotThrowAnyException();
    }

    private void assertRunOut(int seconds) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> timeout.check("the peer to read"))
                .withMessage("no sign of life for " + seconds + " s while waiting for the peer to read");
    }

    @Test
    void hasNoLimitAtFirst() {
        nowNs += 1_000_000 * S;
        assertPatient();
    }

    @Test
    void runsOutAfterTheLimitAndNotBefore() {
        timeout.limitSeconds(3);
        nowNs += 3 * S;
        assertPatient();
        nowNs++;
        assertRunOut(3);
    }

    @Test
    void theLimitCountsFromWhenItIsSet() {
        nowNs += 100 * S;
        timeout.limitSeconds(3);
        assertPatient();
    }

    /** A peer that always makes some progress would keep the thread. */
    @Test
    void progressDoesNotHideACancellation() {
        cancellation.request("enough");
        assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> timeout.renew(false));
    }

    /** The guard would take a quick answer for a message that nobody waits for. */
    @Test
    void aPeerThatIsDoneIsNotAskedAfter() throws IOException {
        cancellation.request("enough");
        timeout.renew(true);
    }

    @Test
    void progressRenewsIt() throws IOException {
        timeout.limitSeconds(3);
        for (int i = 0; i < 5; i++) {
            nowNs += 2 * S;
            timeout.renew(true);
            assertPatient();
        }
        nowNs += 4 * S;
        assertRunOut(3);
    }

    @Test
    void aRequestToGiveUpEndsItAtOnce() {
        cancellation.request("by the user");
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(() -> timeout.check("the peer"))
                .withMessage("by the user");
    }

    @Test
    void theGuardIsAskedBeforeTheClock() {
        timeout.limitSeconds(1);
        nowNs += 2 * S;
        cancellation.request("by the user");
        assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> timeout.check("the peer"));
    }

    @Test
    void aTotalLimitIsNotRenewed() throws IOException {
        timeout.limitTotalSeconds(10, "the source to prepare");
        nowNs += 10 * S;
        timeout.renew(true);
        assertPatient();
        nowNs++;
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> timeout.renew(true))
                .withMessage("waited 10 s in vain for the source to prepare");
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> timeout.check("anything"));
        timeout.limitTotalSeconds(0, "");
        assertPatient();
    }
}
