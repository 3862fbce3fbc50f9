package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.observer.Seen;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SeenSummaryTest {
    private static final long MS = 1_000_000;

    private static Seen gap(long ms) {
        return new Seen(ms * MS, (ms - 1) * MS, (ms + 1) * MS, ms * MS, 0, MS, MS, 1000, 2);
    }

    private static Seen bound(long ms) {
        return new Seen(null, null, ms * MS, 0, 0, MS, MS, 1000, 2);
    }

    private static Seen nothing() {
        return new Seen(null, null, null, 0, 0, MS, MS, 1000, 2);
    }

    /** Of a program that counts in milliseconds. */
    private static @Nullable SeenSummary summary(List<Seen> seen, Long... saysMs) {
        List<@Nullable Long> says = new ArrayList<>();
        Arrays.stream(saysMs).forEach(ms -> says.add(ms * MS));
        return SeenSummary.of(new ArrayList<@Nullable Seen>(seen), says, MS);
    }

    private static SeenSummary told(List<Seen> seen, Long... saysMs) {
        return Objects.requireNonNull(summary(seen, saysMs));
    }

    @Test
    void theMedianOfTheGapsIsTold() {
        SeenSummary summary = told(List.of(gap(9), gap(7), gap(8)), 8L, 8L, 8L);

        assertThat(summary.ns().p50()).isEqualTo(8 * MS);
        assertThat(summary.runs()).isEqualTo(3);
        assertThat(summary.below()).isFalse();
        assertThat(summary.differs()).isFalse();
        assertThat(summary.words(TableUnit.AUTO)).isEqualTo("8.00 ms");
    }

    @Test
    void aMedianThatIsABoundSaysSo() {
        SeenSummary summary = told(List.of(bound(3), bound(4), gap(9)), 1L, 1L, 8L);

        assertThat(summary.below()).isTrue();
        assertThat(summary.words(TableUnit.AUTO)).isEqualTo("< 4.00 ms");
    }

    @Test
    void runsOfWhichNothingIsKnownAreNotCounted() {
        assertThat(told(List.of(nothing(), gap(5), nothing()), 5L, 5L, 5L).runs())
                .isEqualTo(1);
        assertThat(summary(List.of(nothing()), 5L)).isNull();
    }

    @Test
    void aProgramIsMarkedIfMostRunsContradictIt() {
        assertThat(told(List.of(gap(100), gap(100), gap(100)), 3L, 3L, 99L).differs())
                .as("it says much less")
                .isTrue();
        assertThat(told(List.of(gap(100), gap(100), gap(100)), 3L, 99L, 98L).differs())
                .isFalse();
        assertThat(told(List.of(bound(4)), 9L).differs())
                .as("it says more than can be")
                .isTrue();
        assertThat(told(List.of(bound(4)), 5L).differs()).as("by its own unit").isFalse();
        assertThat(told(List.of(bound(4)), 0L).differs()).isFalse();
    }
}
