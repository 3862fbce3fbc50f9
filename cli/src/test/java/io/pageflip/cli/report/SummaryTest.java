package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.RunResult;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SummaryTest {
    @ParameterizedTest
    @CsvSource({
        // runs of 1, 2, … n ns; median, p90, p99
        "1,   1,   1,   1",
        "2,   1,   2,   2",
        "3,   2,   3,   3",
        "100, 50,  90,  99",
        "101, 51,  91,  100",
        "200, 100, 180, 198",
    })
    void aPercentileIsTheSmallestThatSoManyPercentDoNotExceed(int runs, long p50, long p90, long p99) {
        List<RunResult> results =
                results(LongStream.rangeClosed(1, runs).map(i -> runs + 1 - i).toArray());

        assertThat(Summary.of(results)).isEqualTo(new Summary(1, p50, p90, p99, runs));
    }

    @Test
    void runsWithoutADowntimeDoNotCount() {
        List<RunResult> results = new ArrayList<>(results(30, 10));
        results.add(Samples.failed());

        assertThat(Summary.of(results)).isEqualTo(new Summary(10, 10, 30, 30, 30));
        assertThat(Summary.of(List.of(Samples.failed()))).isNull();
        assertThat(Summary.of(List.of())).isNull();
    }

    private static List<RunResult> results(long... downtimesNs) {
        return LongStream.of(downtimesNs)
                .mapToObj(ns -> Samples.completed(new DowntimePhases(0, ns, 0, 0, 0, 0, 0, 0)))
                .toList();
    }
}
