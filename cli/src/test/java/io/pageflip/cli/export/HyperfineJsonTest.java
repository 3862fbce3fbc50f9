package io.pageflip.cli.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.cli.report.Comparison;
import io.pageflip.cli.report.QemuCell;
import io.pageflip.cli.report.Samples;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class HyperfineJsonTest {
    private static JsonNode written(Comparison comparison, String command) throws JsonProcessingException {
        return new ObjectMapper().readTree(HyperfineJson.of(comparison, command, run -> 7));
    }

    @Test
    void hasTheKeysOfBothVersions() throws JsonProcessingException {
        RunResult[] runs = Samples.withDowntimes(3_000_000, 1_000_000, 2_000_000, 6_000_000)
                .toArray(RunResult[]::new);
        JsonNode document = written(OneRow.of(runs), "pageflip migrate --runs 4");

        assertThat(document.path("schema_version").asInt()).isEqualTo(2);
        assertThat(document.path("results")).hasSize(1);
        JsonNode result = document.at("/results/0");
        assertThat(result.path("command").asText()).isEqualTo("pageflip migrate --runs 4");
        assertThat(result.path("times")).extracting(JsonNode::asDouble).containsExactly(0.003, 0.001, 0.002, 0.006);
        assertThat(result.path("exit_codes")).extracting(JsonNode::asInt).containsExactly(7, 7, 7, 7);
        assertThat(result.path("mean").asDouble()).isEqualTo(0.003);
        assertThat(result.path("median").asDouble()).isEqualTo(0.0025);
        assertThat(result.path("stddev").asDouble()).isCloseTo(0.0021602, within(1e-6));
        assertThat(result.path("min").asDouble()).isEqualTo(0.001);
        assertThat(result.path("max").asDouble()).isEqualTo(0.006);
        assertThat(result.path("user").isNumber() && result.path("system").isNumber())
                .isTrue();
        assertThat(result.path("figure").asText()).isEqualTo("downtime");
        assertThat(result.path("parameters").isObject()).isTrue();
        assertThat(result.path("parameters"))
                .as("one row differs from no other")
                .isEmpty();
        assertThat(result.path("measurements")).hasSize(4);
        assertThat(result.at("/measurements/3/time_wall_clock/value").asDouble())
                .isEqualTo(0.006);
        assertThat(result.at("/measurements/3/time_wall_clock/unit").asText()).isEqualTo("second");
        assertThat(result.at("/summary/time_wall_clock/median").asDouble()).isEqualTo(0.0025);
    }

    @Test
    void oneRunHasNoDeviation() throws JsonProcessingException {
        JsonNode document = written(OneRow.of(Samples.traced(1, 2)), null);

        assertThat(document.at("/results/0/stddev").isNull()).isTrue();
        assertThat(document.at("/results/0/command").asText()).startsWith("1M flip postcopy memfd");
    }

    @Test
    void besideQemuTheFigureIsWhatWasSeen() throws JsonProcessingException {
        Seen seen = new Seen(4_000_000L, 3_900_000L, 4_100_000L, 4_000_000, 0, 100, 200, 5, 50);
        Seen below = new Seen(null, null, 5_000_000L, 0, 0, 100, 200, 5, 50);
        QemuCell qemu = QemuCell.of(
                Map.of("program", "qemu 10.0.2", "mode", "precopy", "ram", 1L << 20, "vcpus", 2, "dirty-rate", 20_000),
                List.of(new QemuResult("completed", 9L, 8L, 1L, 2L, 3L, 4L, 5L, seen, null, null)),
                false,
                null);
        Comparison comparison = Comparison.of(
                Map.of(),
                false,
                List.of(new Comparison.Measured(
                        OneRow.options(),
                        Samples.withDowntimes(3_000_000, 1_000_000),
                        false,
                        null,
                        java.util.Arrays.asList(below, null))),
                List.of(qemu),
                List.of(),
                null);

        JsonNode document = written(comparison, null);

        assertThat(document.at("/results/0/times"))
                .extracting(JsonNode::asDouble)
                .containsExactly(0.005);
        assertThat(document.at("/results/1/times"))
                .extracting(JsonNode::asDouble)
                .containsExactly(0.004);
        assertThat(document.at("/results/1/exit_codes/0").asInt()).isZero();
        assertThat(document.at("/results/1/parameters/mode").asText()).isEqualTo("precopy");
        assertThat(document.path("results"))
                .extracting(result -> result.path("figure").asText())
                .containsOnly("seen");
    }

    /** hyperfine's script for parameters takes exactly one. */
    @Test
    void parametersAreThoseInWhichRowsDiffer() throws JsonProcessingException {
        Map<String, Object> larger = OneRow.options();
        larger.put("ram", 2L << 20);
        Comparison comparison = Comparison.of(
                Map.of(),
                false,
                List.of(
                        new Comparison.Measured(OneRow.options(), Samples.withDowntimes(1), false, null),
                        new Comparison.Measured(larger, Samples.withDowntimes(2), false, null)),
                List.of());

        assertThat(written(comparison, null).path("results"))
                .extracting(result -> result.path("parameters").toString())
                .containsExactly("{\"ram\":\"1048576\"}", "{\"ram\":\"2097152\"}");
    }

    @Test
    void aRowWithoutTheFigureIsLeftOut() throws JsonProcessingException {
        assertThat(written(OneRow.of(Samples.failed()), "c").path("results")).isEmpty();
    }
}
