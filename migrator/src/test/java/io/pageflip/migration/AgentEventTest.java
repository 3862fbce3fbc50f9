package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class AgentEventTest {
    static List<AgentEvent> events() {
        Progress progress = new Progress();
        progress.begin(Progress.Phase.PAGES, 4096);
        progress.done(512);
        return List.of(
                AgentEvent.listening(), AgentEvent.progress(progress), AgentEvent.result(RunResult.lost("two\nlines")));
    }

    @ParameterizedTest
    @MethodSource("events")
    void isOneLineAndReadBackUnchanged(AgentEvent event) throws JsonProcessingException {
        String line = ResultJson.write(event);
        assertThat(line).doesNotContain("\n");
        assertThat(ResultJson.MAPPER.readValue(line, AgentEvent.class)).isEqualTo(event);
    }

    @Test
    void onlyWhatBelongsToTheKindIsWritten() {
        assertThat(ResultJson.write(AgentEvent.listening())).isEqualTo("{\"event\":\"LISTENING\"}");
        assertThat(ResultJson.write(events().get(1)))
                .isEqualTo("{\"event\":\"PROGRESS\",\"phase\":\"PAGES\",\"done\":512,\"total\":4096}");
    }
}
