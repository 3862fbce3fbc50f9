package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.RunResult;
import io.pageflip.prediction.Prediction;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The prediction for the runs of a combination, beside what they measured.
 *
 * @param pages the predicted counts; null if they cannot be known beforehand
 * @param blocks the predicted counts of each block, by its name
 * @param undetermined why the counts cannot be known beforehand; null if they can
 * @param countsEqual whether every run had the predicted counts; null if nothing could be compared
 * @param differences a sentence for each block of a run that had other counts
 * @param pagesNs predicted length of the pages phase; null if it cannot be predicted
 * @param measuredPagesNs median of the measured lengths; null if no run completed
 * @param errorPercent error of {@code pagesNs}; positive if the prediction was too long
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Predicted(
        @Nullable PageCounts pages,
        @Nullable Map<String, PageCounts> blocks,
        @Nullable String undetermined,
        @Nullable Boolean countsEqual,
        List<String> differences,
        @Nullable Long pagesNs,
        @Nullable Long measuredPagesNs,
        @Nullable Double errorPercent) {

    static Predicted of(Prediction prediction, List<RunResult> runs) {
        List<String> differences = new ArrayList<>();
        Map<String, PageCounts> expected = prediction.blocks();
        int compared = 0;
        for (int i = 0; i < runs.size(); i++) {
            Measured found = runs.get(i).measured();
            if (expected != null && found != null) {
                compare(i + 1, expected, found.blocks(), differences);
                compared++;
            }
        }
        Long predicted = prediction.pagesNs();
        Long measured = medianPagesNs(runs);
        return new Predicted(
                prediction.pages(),
                expected,
                prediction.undetermined(),
                compared == 0 ? null : differences.isEmpty(),
                differences,
                predicted,
                measured,
                predicted == null || measured == null || measured == 0
                        ? null
                        : 100.0 * (predicted - measured) / measured);
    }

    private static void compare(
            int run, Map<String, PageCounts> expected, List<Measured.Block> found, List<String> differences) {
        if (found.size() != expected.size()) {
            differences.add("run " + run + " had " + found.size() + " blocks, not " + expected.size());
        }
        for (Measured.Block block : found) {
            PageCounts predicted = expected.get(block.name());
            if (!block.pages().equals(predicted)) {
                differences.add("run " + run + ", block " + block.name() + ": predicted "
                        + (predicted == null ? "nothing" : words(predicted)) + "; measured " + words(block.pages()));
            }
        }
    }

    private static String words(PageCounts pages) {
        return String.format(
                Locale.ROOT,
                "%,d moved, %,d copied %s, %s%,d zero",
                pages.moved(),
                pages.copied(),
                pages.copyReasons(),
                pages.declined() == 0
                        ? ""
                        : String.format(Locale.ROOT, "%,d declined %s, ", pages.declined(), pages.declineReasons()),
                pages.zero());
    }

    private static @Nullable Long medianPagesNs(List<RunResult> runs) {
        long[] sorted = runs.stream()
                .map(RunResult::measured)
                .filter(Objects::nonNull)
                .mapToLong(measured -> measured.downtimePhasesNs().pages())
                .sorted()
                .toArray();
        return sorted.length == 0 ? null : Percentile.of(sorted, Percentile.MEDIAN);
    }

    /** Whether the counts are equal, in a word or two. */
    String verdict() {
        return countsEqual == null ? "not compared" : countsEqual ? "equal" : "DIFFERENT";
    }
}
