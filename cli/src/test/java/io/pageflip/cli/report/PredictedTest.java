package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.prediction.Prediction;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Predictions beside what was measured. */
final class PredictedTest {
    private static final long MS = 1_000_000;
    private static final PageCounts RAM = new PageCounts(4, 3, 0, 1, Map.of());
    private static final PageCounts ROM = new PageCounts(1, 0, 1, 0, Map.of("not-page-sized", 1L));

    private static Prediction prediction(PageCounts ram, PageCounts rom, Long pagesNs) {
        Map<String, PageCounts> blocks = new LinkedHashMap<>();
        blocks.put("ram", ram);
        blocks.put("rom", rom);
        return new Prediction(blocks, null, pagesNs);
    }

    private static Comparison comparison(Prediction prediction, List<RunResult> runs) {
        Map<String, Object> options = Map.of(
                "ram",
                16_384,
                "vcpus",
                1,
                "dirty-rate",
                0,
                "mechanism",
                "flip",
                "schedule",
                "stop-and-move",
                "backing",
                "memfd");
        return Comparison.of(
                Map.of(), false, List.of(new Comparison.Measured(options, runs, false, prediction)), List.of());
    }

    @Test
    void equalCountsAreCalledEqualAndTheTimesErrorIsShown() throws IOException {
        Comparison comparison =
                comparison(prediction(RAM, ROM, 12 * MS), Samples.withDowntimes(10 * MS, 10 * MS, 30 * MS));
        assertThat(comparison.contradictsPrediction()).isFalse();
        assertThat(Samples.text("compare", comparison))
                .containsPattern("(?m)^16K .* flip +stop-and-move +memfd +3 +1 +1 +equal +12.00 ms +10.00 ms +\\+20 %$")
                .doesNotContain("DIFFER");
        JsonNode predicted = ResultJson.MAPPER.readTree(comparison.json()).at("/cells/0/predicted");
        assertThat(predicted.path("counts-equal").asBoolean()).isTrue();
        assertThat(predicted.path("error-percent").asDouble()).isEqualTo(20);
        assertThat(predicted.at("/blocks/rom/copy-reasons/not-page-sized").asLong())
                .isEqualTo(1);
        assertThat(predicted.at("/pages/total").asLong()).isEqualTo(5);
        assertThat(predicted.path("differences")).isEmpty();
    }

    @Test
    void anotherReasonIsADifferenceThoughTheNumbersAgree() {
        PageCounts other = new PageCounts(1, 0, 1, 0, Map.of("private-memory", 1L));
        Comparison comparison = comparison(prediction(RAM, other, null), Samples.withDowntimes(MS, MS));
        assertThat(comparison.contradictsPrediction()).isTrue();
        assertThat(Samples.text("compare", comparison))
                .contains("DIFFERENT")
                .contains("PREDICTION AND MEASUREMENT DIFFER: ")
                .contains("run 2, block rom: predicted 0 moved, 1 copied {private-memory=1}, 0 zero; measured 0 moved, "
                        + "1 copied {not-page-sized=1}, 0 zero");
        assertThat(Samples.markdown("compare", comparison)).contains("| DIFFERENT |");
    }

    @Test
    void declinedPagesAreComparedAsWell() {
        PageCounts copied = new PageCounts(4, 2, 1, 1, Map.of("move-not-requested", 1L));
        PageCounts declined = new PageCounts(4, 2, 0, 1, 1, Map.of(), Map.of("already-present", 1L));
        List<RunResult> runs = List.of(Samples.declined(new DowntimePhases(0, MS, 0, 0, 0, 0, 0, 0)));
        Comparison equal = comparison(prediction(declined, ROM, null), runs);
        assertThat(equal.contradictsPrediction()).isFalse();
        assertThat(Samples.text("compare", equal))
                .containsPattern("moved  copied  declined  zero  counts")
                .containsPattern("(?m)^16K .* flip +stop-and-move +memfd +2 +1 +1 +1 +equal ");
        Comparison other = comparison(prediction(copied, ROM, null), runs);
        assertThat(other.contradictsPrediction()).isTrue();
        assertThat(Samples.text("compare", other))
                .contains(
                        "run 1, block ram: predicted 2 moved, 1 copied {move-not-requested=1}, 1 zero; measured 2 moved, "
                                + "0 copied {}, 1 declined {already-present=1}, 1 zero");
    }

    @Test
    void aBlockThatIsNotThereIsADifference() {
        Prediction more = new Prediction(Map.of("ram", RAM, "rom", ROM, "vram", RAM), null, null);
        assertThat(Predicted.of(more, Samples.withDowntimes(MS)).differences())
                .containsExactly("run 1 had 2 blocks, not 3");
    }

    @Test
    void whatIsNotDeterminedOrDidNotRunIsNotCompared() {
        Predicted undetermined = Predicted.of(new Prediction(null, "nobody knows", null), Samples.withDowntimes(MS));
        assertThat(undetermined.countsEqual()).isNull();
        assertThat(undetermined.verdict()).isEqualTo("not compared");
        Comparison notRun = comparison(prediction(RAM, ROM, MS), List.of());
        assertThat(notRun.contradictsPrediction()).isFalse();
        assertThat(Samples.text("compare", notRun)).containsPattern("not compared +1.00 ms +- +-");
        assertThat(Samples.text("compare", comparison(new Prediction(null, "nobody knows", null), List.of())))
                .contains("not predicted: 16K flip stop-and-move memfd, 1 vCPU, 0 pages/s: nobody knows");
    }
}
