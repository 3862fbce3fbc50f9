package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class GuestThrottleIT {
    private static final long WINDOW_NS = 50_000_000;
    private static final long QUICK_STOP_NS = 100_000;

    @Test
    void aThrottledGuestExecutesAndWritesLess() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            Guest guest = machine.guest();
            guest.resume();
            machine.awaitPagesWritten(100);
            Waiting.until(
                    "a tenth of its writes, give or take",
                    () -> pagesWrittenIn(guest, 0) > 5 * pagesWrittenIn(guest, 90));
            guest.throttle(0);
            machine.awaitPagesWritten(100);
            guest.stop();
            machine.verifyMatches();
        }
    }

    private static long pagesWrittenIn(Guest guest, int throttlePercent) {
        guest.throttle(throttlePercent);
        long before = guest.pagesWritten();
        spin(WINDOW_NS);
        return guest.pagesWritten() - before;
    }

    @Test
    void aGuestThatIsThrottledToTheUtmostGoesOnAndStopsAtOnce() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            Guest guest = machine.guest();
            guest.throttle(Throttle.MAX_PERCENT);
            guest.resume();
            machine.awaitInstructions(100);
            Waiting.until("a stop in less than a rest lasts", () -> {
                guest.stop();
                guest.resume();
                spin(3 * Throttle.PERIOD_NS); // most likely in the middle of a rest
                long before = System.nanoTime();
                guest.stop();
                long tookNs = System.nanoTime() - before;
                guest.resume();
                return tookNs < QUICK_STOP_NS;
            });
            guest.stop();
            machine.verifyMatches();
            assertThat(guest.isRunning()).isFalse();
        }
    }

    private static void spin(long ns) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < ns) {
            Thread.onSpinWait();
        }
    }
}
