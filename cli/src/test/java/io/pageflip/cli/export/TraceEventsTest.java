package io.pageflip.cli.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.cli.report.Samples;
import io.pageflip.json.TraceRules;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TraceEventsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final JsonNode trace = read(TraceEvents.of(OneRow.of(Samples.traced(10, 11))));

    private static JsonNode read(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError(json, e);
        }
    }

    /** {@code pid/tid name ts dur} of all slices. */
    private static List<String> slices(JsonNode trace) {
        List<String> slices = new ArrayList<>();
        for (JsonNode event : trace.path("traceEvents")) {
            if (event.path("ph").asText().equals("X")) {
                slices.add(event.path("pid").asText() + "/" + event.path("tid").asText() + " "
                        + event.path("name").asText() + " " + event.path("ts").asText() + " "
                        + event.path("dur").asText());
            }
        }
        return slices;
    }

    @Test
    void bothAgentsAreOnOneClock() {
        assertThat(TraceRules.problems(trace)).isEmpty();
        assertThat(slices(trace))
                .containsExactly(
                        "10/1 migration 70000.0 7035.0",
                        "10/1 setup 70000.0 6000.0",
                        "10/3 stop 77000.0 10.0",
                        "10/3 save 77010.0 20.0",
                        "10/3 release 77030.0 5.0",
                        "11/4 migration 70000.0 7171.0",
                        "11/4 setup 70000.0 6000.0",
                        "11/4 postcopy pages 77072.0 99.0",
                        "11/7 notice 77035.0 30.0",
                        "11/7 lock 77065.0 1.0",
                        "11/7 load 77066.0 2.0",
                        "11/7 resume 77068.0 4.0",
                        "10/2 round 1 76100.0 700.0",
                        "11/5 receive 71000.0 50.0",
                        "11/6 batch 77080.0 30.0",
                        "11/6 batch 77110.0 20.0",
                        "10/100 runs 74750.0 2240.0",
                        "10/100 paused 76990.0 60.0",
                        "11/200 runs 77050.0 500022.0",
                        "11/200 waits for a page 77100.0 9.0",
                        "10/101 runs 74750.0 2250.0",
                        "10/101 paused 77000.0 72.0",
                        "11/201 runs 77072.0 500000.0");
    }

    @Test
    void anArrowLeadsFromThePauseToTheFirstInstruction() {
        List<String> arrows = new ArrayList<>();
        for (JsonNode event : trace.path("traceEvents")) {
            if (event.has("cat")) {
                arrows.add(event.path("ph").asText() + " " + event.path("pid").asText() + "/"
                        + event.path("tid").asText() + " " + event.path("ts").asText());
            }
        }
        assertThat(arrows).containsExactly("s 10/101 77000.0", "f 11/201 77072.0");
    }

    @Test
    void theGuestsRateMovesToTheDestination() {
        List<String> rates = new ArrayList<>();
        for (JsonNode event : trace.path("traceEvents")) {
            if (event.path("ph").asText().equals("C")) {
                rates.add(event.path("pid").asText() + " " + event.path("ts").asText() + " "
                        + event.at("/args/instructions~1s").asText());
            }
        }
        assertThat(rates)
                .containsExactly(
                        "10 74750.0 2000000",
                        "10 75750.0 1990000",
                        "10 76750.0 500000",
                        "11 77750.0 1500000",
                        "11 78750.0 2001000",
                        "10 77000.0 0");
    }

    @Test
    void aPingPongHasAProcessThatIsBoth() {
        JsonNode pingPong = read(TraceEvents.of(OneRow.of(Samples.traced(10, 11), Samples.traced(11, 10))));

        assertThat(pingPong.path("traceEvents"))
                .filteredOn(event -> event.path("name").asText().equals("process_name"))
                .extracting(event -> event.at("/args/name").asText())
                .containsOnly("agent, source and destination by turns");
    }

    @Test
    void runsWithoutATraceAreLeftOut() {
        assertThat(read(TraceEvents.of(OneRow.of(Samples.failed()))).path("traceEvents"))
                .isEmpty();
    }

    /** The rules find what they are there for. */
    @Test
    void aBrokenTraceIsFound() {
        ArrayNode events = (ArrayNode) trace.path("traceEvents");
        for (JsonNode event : events) {
            if (event.path("name").asText().equals("stop")) {
                ((ObjectNode) event).put("dur", 15.0);
            }
        }
        assertThat(TraceRules.problems(trace)).hasSize(1).allMatch(problem -> problem.contains("overlaps"));
        events.remove(events.size() - 1);
        ((ObjectNode) events.get(0)).remove("args");
        assertThat(TraceRules.problems(trace)).containsExactly("no args: " + events.get(0));
    }
}
