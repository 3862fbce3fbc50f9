package io.pageflip.prediction;

import io.pageflip.metrics.PageCounts;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a migration will come to.
 *
 * @param blocks the counts of each block, by name; null if they are not determined beforehand
 * @param undetermined why not; null if they are
 * @param pagesNs what the pages phase will take; null where nothing was measured that could tell
 */
public record Prediction(
        @Nullable Map<String, PageCounts> blocks,
        @Nullable String undetermined,
        @Nullable Long pagesNs) {
    /** All blocks together; null if they are not determined. */
    public @Nullable PageCounts pages() {
        return blocks == null ? null : blocks.values().stream().reduce(PageCounts.NONE, PageCounts::plus);
    }
}
