package io.pageflip.observer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BudgetTest {
    private static final long US = 1_000;
    private static final long MS = 1_000_000;

    private final Budget budget = new Budget(0.01, 100 * US, MS, 50 * MS);
    private long nowNs = MS;
    private long cpuNs;

    /** Looks some times; a look takes so much of the processor, and the thread wakes up so much too late. */
    private void look(int times, long takesNs, long lateNs) {
        for (int i = 0; i < times; i++) {
            nowNs += budget.parkNs() + lateNs + takesNs;
            cpuNs += takesNs;
        }
        budget.adjust(nowNs, cpuNs, times);
    }

    @Test
    void looksAreAsFarApartAsTheirCostAllows() {
        budget.adjust(nowNs, cpuNs, 0);
        for (int i = 0; i < 10; i++) {
            look(64, 20 * US, 50 * US);
        }

        assertThat(budget.parkNs() + 70 * US).isEqualTo(2 * MS);
    }

    @Test
    void whatWasTakenTooMuchIsPaidBack() {
        long startNs = nowNs;
        budget.adjust(nowNs, cpuNs, 0);
        look(64, 20 * US, 0);
        look(10, 400 * US, 0); // a busy machine
        for (int i = 0; i < 10; i++) {
            look(64, 20 * US, 0);
        }

        assertThat((double) cpuNs / (nowNs - startNs)).isLessThanOrEqualTo(0.01);
    }

    @Test
    void noIntervalIsShorterOrLongerThanItMayBe() {
        budget.adjust(nowNs, cpuNs, 0);
        look(64, 1, 0);
        assertThat(budget.parkNs()).isEqualTo(100 * US);

        look(64, MS, 0);
        assertThat(budget.parkNs()).isEqualTo(50 * MS);
    }
}
