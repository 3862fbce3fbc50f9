package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.RunResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class JsonReportTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void aCompletedMigration() throws JsonProcessingException {
        String text = JsonReport.of(
                Map.of("ram", 16_384),
                Runs.of(List.of(Samples.completed(new DowntimePhases(1, 2, 3, 4, 5, 6, 7, 999_972)))));

        JsonNode document = JSON.readTree(text);
        assertThat(((ObjectNode) document).remove("host").size()).isEqualTo(4);
        assertThat(document).isEqualTo(JSON.readTree("""
                {"schema": "pageflip.migration/2",
                 "request": {"ram": 16384},
                 "runs": [{
                   "status": "completed", "owner": "destination",
                   "total-time": 321, "setup-time": 21, "downtime": 1,
                   "ram": {"total": 16896, "transferred": 640, "remaining": 0, "duplicate": 1, "normal": 4,
                           "normal-bytes": 12800, "page-size": 4096, "mbps": 51200.0, "pages-per-second": 2000000},
                   "downtime-ns": 1000000,
                   "downtime-phases-ns": {"stop": 1, "pages": 2, "save": 3, "release": 4, "notice": 5, "lock": 6, "load": 7, "resume": 999972},
                   "practice-ns": 14000,
                   "pages": {"total": 5, "moved": 3, "copied": 1, "declined": 0, "zero": 1,
                             "copy-reasons": {"not-page-sized": 1}, "decline-reasons": {}},
                   "blocks": [
                     {"name": "ram", "backing": "memfd", "page-size": 4096, "bytes": 16384,
                      "pages": {"total": 4, "moved": 3, "copied": 0, "declined": 0, "zero": 1,
                                "copy-reasons": {}, "decline-reasons": {}}, "pages-ns": 60000000},
                     {"name": "rom", "backing": "anonymous", "page-size": 4096, "bytes": 512,
                      "pages": {"total": 1, "moved": 0, "copied": 1, "declined": 0, "zero": 0,
                                "copy-reasons": {"not-page-sized": 1}, "decline-reasons": {}}, "pages-ns": 250000}],
                   "evidence": {"frames-visible": true, "compared": 3, "same": 2, "relocated-by-kernel": 1,
                                "different": 0, "decided-by": "frames"},
                   "verification": {"status": "match", "pages": 5, "lost": 0, "stale": 0, "torn": 0, "misplaced": 0,
                                    "vcpus": true, "console": true, "console-lines": 7},
                   "guest": {"ran-for-ns": 500000000, "instructions": 1000000, "pages-written": 2000},
                   "throughput": {"slot-ns": 1000000, "from-ns": -2250000, "last-instruction-ns": 77000000, "instructions": [2000, 1990, 500, 1500, 2001],
                                  "rate-before": 2000000, "recovered-ns": 1750000},
                   "guest-time-lost": {"rate-before": 2100000, "rate-after": 2000000, "lasted-ns": 400000000,
                       "before-ns": 1250000, "downtime-ns": 250000, "after-ns": 500000, "total-ns": 2000000},
                   "migration-gaps": {"count": 7,
                       "longest": [{"from-ns": -1500000, "ns": 750000, "phase": "preparing"}]},
                   "idle-gaps-ns": {"watched": 250000000, "max": 2130000, "longest": [2130000, 300000, 12000, 9000]},
                   "peak-pss-bytes": 209715200}],
                 "summary": {"downtime-ns": {"min": 1000000, "p50": 1000000, "p90": 1000000, "p99": 1000000, "max": 1000000}}}
                """));
        assertThat(text).endsWith("}\n");
    }

    @Test
    void aFailedMigrationHasNoFiguresButAnError() throws JsonProcessingException {
        JsonNode document = JSON.readTree(JsonReport.of(Map.of(), Runs.of(List.of(Samples.failed()))));

        assertThat(document.has("summary")).isFalse();
        assertThat(document.at("/runs/0")).isEqualTo(JSON.readTree("""
                {"status": "failed", "owner": "source",
                 "verification": {"status": "mismatch", "pages": 5, "lost": 1, "stale": 2, "torn": 3, "misplaced": 4,
                                  "vcpus": false, "console": false, "console-lines": 7},
                 "error": {"class": "migration-failed", "message": "the other agent died"}}
                """));
    }

    static List<Arguments> resultsWithoutFigures() {
        return List.of(
                Arguments.of(Samples.cancelledEarly(), """
                        {"status": "cancelled", "owner": "nobody-yet",
                         "error": {"class": "cancelled", "message": "interrupted"}}
                        """),
                Arguments.of(Samples.lost(), """
                        {"status": "lost", "owner": "nobody",
                         "error": {"class": "guest-lost",
                                   "message": "the guest is lost: the destination took it and died"}}
                        """),
                Arguments.of(Samples.unreported(), """
                        {"status": "completed", "owner": "destination",
                         "error": {"class": "no-report", "message": "the report did not come"}}
                        """));
    }

    @ParameterizedTest
    @MethodSource("resultsWithoutFigures")
    void whatWasNotMeasuredIsAbsent(RunResult result, String expected) throws JsonProcessingException {
        assertThat(JSON.readTree(JsonReport.of(Map.of(), Runs.of(List.of(result))))
                        .at("/runs/0"))
                .isEqualTo(JSON.readTree(expected));
    }
}
