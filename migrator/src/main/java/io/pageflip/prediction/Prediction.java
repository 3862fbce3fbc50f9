package io.pageflip.prediction;

import io.pageflip.metrics.PageCounts;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The predicted result of a migration.
 *
 * @param blocks the page counts of each block, by name; null if they cannot be known beforehand
 * @param undetermined why the counts cannot be known; null if they can
 * @param pagesNs how long the pages phase will take, in nanoseconds; null if no measurement tells it
 */
public record Prediction(
        @Nullable Map<String, PageCounts> blocks,
        @Nullable String undetermined,
        @Nullable Long pagesNs) {
    /** The counts of all blocks together; null if they cannot be known beforehand. */
    public @Nullable PageCounts pages() {
        return blocks == null ? null : blocks.values().stream().reduce(PageCounts.NONE, PageCounts::plus);
    }
}
