package io.pageflip.cli.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.cli.report.Comparison;
import io.pageflip.cli.report.Samples;
import io.pageflip.metrics.RunResult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OpenMetricsTest {
    private static final String ROW = "program=\"pageflip\",mechanism=\"flip\",schedule=\"postcopy\",backing=\"memfd\","
            + "ram=\"1048576\",vcpus=\"2\",dirty_rate=\"20000\"";

    @Test
    void aDowntimeIsASummaryOverTheRuns() {
        RunResult[] runs =
                Samples.withDowntimes(3_000_000, 1_000_000, 2_000_000).toArray(RunResult[]::new);

        assertThat(OpenMetrics.of(OneRow.of(runs)))
                .startsWith("""
                        # TYPE pageflip_downtime_seconds summary
                        # UNIT pageflip_downtime_seconds seconds
                        # HELP pageflip_downtime_seconds What""")
                .contains(
                        "pageflip_downtime_seconds{" + ROW + ",quantile=\"0.0\"} 0.001\n"
                                + "pageflip_downtime_seconds{" + ROW + ",quantile=\"0.5\"} 0.002\n"
                                + "pageflip_downtime_seconds{" + ROW + ",quantile=\"0.9\"} 0.003\n"
                                + "pageflip_downtime_seconds{" + ROW + ",quantile=\"0.99\"} 0.003\n"
                                + "pageflip_downtime_seconds{" + ROW + ",quantile=\"1.0\"} 0.003\n"
                                + "pageflip_downtime_seconds_count{" + ROW + "} 3\n"
                                + "pageflip_downtime_seconds_sum{" + ROW + "} 0.006\n",
                        "pageflip_copied_pages{" + ROW + ",reason=\"not-page-sized\"} 1\n",
                        "pageflip_downtime_phase_seconds{" + ROW + ",phase=\"pages\"} 0.002\n",
                        "pageflip_total_seconds{" + ROW + ",quantile=\"0.5\"} 0.321\n",
                        "pageflip_runs{" + ROW + "} 3\n")
                .doesNotContain("pageflip_seen_seconds", "pageflip_blackout_seconds")
                .endsWith("} 3\n# EOF\n");
    }

    @Test
    void aLabelMayHoldAnything() {
        Map<String, Object> options = new HashMap<>(OneRow.options());
        options.put("backing", "file:/a\"b\\c\nd");
        Comparison comparison = Comparison.of(
                Map.of(),
                false,
                List.of(new Comparison.Measured(options, Samples.withDowntimes(1), false, null)),
                List.of());

        assertThat(OpenMetrics.of(comparison)).contains("backing=\"file:/a\\\"b\\\\c\\nd\"");
    }

    @Test
    void aRowThatFailedIsCountedOnly() {
        assertThat(OpenMetrics.of(OneRow.of(Samples.failed())))
                .isEqualTo("# TYPE pageflip_runs gauge\n# HELP pageflip_runs Runs that count.\n" + "pageflip_runs{"
                        + ROW + "} 1\n# EOF\n");
    }
}
