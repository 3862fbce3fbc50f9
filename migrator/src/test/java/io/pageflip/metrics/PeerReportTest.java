package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A report comes from another process: whatever that says, it becomes a result or one sentence. */
final class PeerReportTest {
    private static final long PAGES = 100;

    private static final RunResult HONEST = RunResult.completed(
            new Measured(
                    812,
                    790,
                    new Measured.Ram(409_600, 270_000, 0, 2, 98, 401_408, 4096, 1234.5, 3_000_000),
                    new DowntimePhases(1, 2, 3, 4, 5, 6, 7, 8),
                    1000L,
                    2000L,
                    null,
                    List.of(new Measured.Block(
                            "ram", "memfd", 4096, 409_600, new PageCounts(PAGES, 98, 0, 2, Map.of()), 1_700_000)),
                    new Evidence(true, 98, 98, 0, 0, Evidence.DecidedBy.FRAMES),
                    new Measured.GuestActivity(500_000_000, 40_000, 10_000),
                    new Throughput(1_000_000, -1_500_000, 7_000_000, List.of(80L, 40L), 80_000, 3_500_000L),
                    new GuestTimeLost(80_000, 79_000, 300_000_000, 900_000L, 100_000L, 400_000L),
                    new MigrationGaps(
                            2, List.of(new MigrationGaps.Gap(-1_500_000, 750_000, MigrationGaps.Phase.READY))),
                    new IdleGaps(200_000_000, 2_100_000, List.of(2_100_000L)),
                    new Trace(
                            17,
                            18,
                            6_000_000,
                            6_500_000,
                            List.of(new Trace.Vcpu(7_000_000, 7_100_000, null, Trace.Slices.NONE)),
                            new Trace.Slices(List.of(6_100_000L), List.of(9_000L), List.of(512L), 3),
                            Trace.Slices.NONE)),
            VerificationResult.SKIPPED);

    private static ObjectNode honest() {
        return ResultJson.MAPPER.valueToTree(HONEST);
    }

    @Test
    void anHonestReportIsReadAsItWasWritten() throws IOException {
        assertThat(PeerReport.read(ResultJson.write(HONEST), PAGES)).isEqualTo(HONEST);
    }

    @Test
    void soIsOneWithoutFigures() throws IOException {
        RunResult without = RunResult.unmeasured(
                VerificationResult.SKIPPED, new Failure(Failure.Kind.NO_REPORT, "they are not known"));
        assertThat(PeerReport.read(ResultJson.write(without), PAGES)).isEqualTo(without);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{}",
                "[]",
                "17",
                "\"completed\"",
                "{\"status\":17",
                "{\"status\":17}",
                "{\"status\":\"completed\"}",
                "{\"status\":\"completed\",\"owner\":\"destination\"}",
                "{\"status\":\"completed\",\"owner\":\"source\"}",
                "{\"status\":\"splendid\",\"owner\":\"destination\"}",
                "{\"status\":\"lost\",\"owner\":\"nobody\",\"error\":{\"class\":\"guest-lost\",\"message\":\"x\"}}",
                "{\"status\":null,\"owner\":null,\"measured\":null}",
                "{\"status\":\"completed\",\"owner\":\"destination\",\"verification\":{\"status\":\"match\"}}",
                "{\"status\":\"completed\",\"owner\":\"destination\",\"downtime-phases-ns\":{}}",
            })
    void nonsenseIsRefusedWithASentence(String json) {
        assertRefused(json);
    }

    private static void assertRefused(String json) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> PeerReport.read(json, PAGES))
                .satisfies(e -> assertThat(e.getMessage()).isNotBlank().doesNotContain("\u001b"));
    }

    /** Each number of the report, one at a time, is something that none of our figures can be. */
    @Test
    void noNumberIsNegativeOrAbsurd() {
        int changed = 0;
        for (List<String> path : paths(honest(), List.of())) {
            JsonNode value = at(honest(), path);
            if (value.isNumber()) {
                changed++;
                for (JsonNode lie : List.of(
                        LongNode.valueOf(Long.MIN_VALUE),
                        LongNode.valueOf(Long.MAX_VALUE),
                        DoubleNode.valueOf(-9.2e15 * 1e6),
                        DoubleNode.valueOf(Double.NaN))) {
                    assertRefused(with(path, lie));
                }
            }
        }
        assertThat(changed).isGreaterThan(40);
    }

    /** Each part of the report, one at a time, is missing, null, or of another type: a result or a sentence. */
    @Test
    void nothingElseComesOutThanAResultOrASentence() {
        for (List<String> path : paths(honest(), List.of())) {
            for (JsonNode lie : List.of(
                    NullNode.instance,
                    TextNode.valueOf("\u001b[2J"),
                    IntNode.valueOf(7),
                    ResultJson.MAPPER.createArrayNode())) {
                try {
                    RunResult result = PeerReport.read(with(path, lie), PAGES);
                    assertThat(ResultJson.write(result)).as("%s", path).doesNotContain("\\u001b");
                } catch (IOException e) {
                    assertThat(e.getMessage()).as("%s", path).isNotBlank().doesNotContain("\u001b");
                }
            }
        }
    }

    @Test
    void pagesAddUpToTheGuestsOwn() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> PeerReport.read(ResultJson.write(HONEST), PAGES + 1))
                .withMessage("its pages do not add up to the guest's 101");
    }

    @Test
    void aTraceHoldsNoMoreThanItMay() {
        ObjectNode report = honest();
        ObjectNode received = (ObjectNode) report.at("/trace/received");
        for (String list : List.of("start-ns", "duration-ns", "pages")) {
            for (int i = 0; i < Trace.Slices.MOST; i++) {
                received.withArray(list).add(i);
            }
        }
        assertRefused(report.toString());
    }

    @Test
    void namesAreMadePrintable() throws IOException {
        ObjectNode report = honest();
        ((ObjectNode) report.at("/blocks/0")).put("name", "\u001b]0;owned\u0007");
        RunResult read = PeerReport.read(report.toString(), PAGES);
        assertThat(read.measured().blocks().get(0).name()).isEqualTo("\ufffd]0;owned\ufffd");
    }

    private static List<List<String>> paths(JsonNode node, List<String> to) {
        List<List<String>> paths = new ArrayList<>();
        List<String> names = new ArrayList<>();
        if (node.isObject()) {
            node.fieldNames().forEachRemaining(names::add);
        }
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            names.add(Integer.toString(i));
        }
        for (String name : names) {
            List<String> path = new ArrayList<>(to);
            path.add(name);
            paths.add(path);
            paths.addAll(paths(at(node, List.of(name)), path));
        }
        return paths;
    }

    private static JsonNode at(JsonNode node, List<String> path) {
        return node.at("/" + String.join("/", path));
    }

    private static String with(List<String> path, JsonNode lie) {
        ObjectNode report = honest();
        JsonNode parent = path.size() == 1 ? report : at(report, path.subList(0, path.size() - 1));
        String last = path.get(path.size() - 1);
        if (parent instanceof ObjectNode object) {
            object.set(last, lie);
        } else {
            ((com.fasterxml.jackson.databind.node.ArrayNode) parent).set(Integer.parseInt(last), lie);
        }
        return report.toString();
    }
}
