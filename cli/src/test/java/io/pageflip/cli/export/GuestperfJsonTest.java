package io.pageflip.cli.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.cli.report.Samples;
import io.pageflip.json.GuestperfKeys;
import io.pageflip.metrics.RunResult;
import org.junit.jupiter.api.Test;

final class GuestperfJsonTest {
    private static JsonNode written(RunResult... runs) throws JsonProcessingException {
        return new ObjectMapper().readTree(GuestperfJson.of(OneRow.of(runs)));
    }

    @Test
    void hasWhatThePlotterReads() throws JsonProcessingException {
        JsonNode report = written(Samples.traced(10, 11));

        assertThat(GuestperfKeys.problems(report)).isEmpty();
        assertThat(report.path("progress_history"))
                .extracting(progress -> progress.path("status").asText())
                .containsExactly("setup", "active", "device", "postcopy-active", "completed");
        assertThat(report.at("/progress_history/2/now").asDouble()).isEqualTo(0.077);
        assertThat(report.at("/progress_history/1/ram/iterations").asInt()).isEqualTo(1);
        assertThat(report.at("/progress_history/1/now").asDouble()).isEqualTo(0.0768);
    }

    /** 2,000 pages in 1,000,000 instructions are 8.192 bytes an instruction. */
    @Test
    void theGuestIsSlowWhereItExecutedLittle() throws JsonProcessingException {
        JsonNode timings = written(Samples.traced(10, 11)).path("guest_timings");

        assertThat(timings).hasSize(5);
        assertThat(timings.at("/0/timestamp").asDouble()).isEqualTo(0.07575);
        assertThat(timings.at("/0/value").asDouble()).isCloseTo((1 << 30) / (2000 * 8.192), within(1e-6));
        assertThat(timings.at("/2/value").asDouble()).isCloseTo((1 << 30) / (500 * 8.192), within(1e-6));
    }

    @Test
    void isAboutTheLastRunThatHasFigures() throws JsonProcessingException {
        assertThat(written(Samples.traced(10, 11), Samples.failed())
                        .at("/result/success")
                        .asBoolean())
                .isTrue();
        assertThat(written(Samples.failed()).at("/result/success").asBoolean(true))
                .isFalse();
    }
}
