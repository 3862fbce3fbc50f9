package io.pageflip.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.metrics.DeclineReason;

/**
 * Reports of schemas {@code pageflip.migration/1} and {@code pageflip.comparison/1}. They counted declined pages as
 * copied, with the reasons that are {@link DeclineReason}s now. Otherwise they are like today's.
 */
final class FormerSchema {
    private static final String MIGRATION = "pageflip.migration/1";
    private static final String COMPARISON = "pageflip.comparison/1";

    private FormerSchema() {}

    /** The same report in today's schema; any other document as it is. */
    static JsonNode upgraded(JsonNode document) {
        String today = switch (document.path("schema").asText()) {
            case MIGRATION -> JsonReport.SCHEMA;
            case COMPARISON -> Comparison.SCHEMA;
            default -> null;
        };
        if (today == null) {
            return document;
        }
        ObjectNode upgraded = document.deepCopy();
        upgraded.put("schema", today);
        upgradePages(upgraded);
        return upgraded;
    }

    /** Upgrades every object with reasons for copies: it is a count of pages, of a run, of a block, or predicted. */
    private static void upgradePages(JsonNode node) {
        if (node instanceof ObjectNode pages && pages.get("copy-reasons") instanceof ObjectNode copies) {
            ObjectNode declines = pages.putObject("decline-reasons");
            long declined = 0;
            for (DeclineReason reason : DeclineReason.values()) {
                JsonNode count = copies.remove(reason.toString());
                if (count != null) {
                    declines.set(reason.toString(), count);
                    declined += count.asLong();
                }
            }
            pages.put("declined", declined);
            pages.put("copied", pages.path("copied").asLong() - declined);
        } else {
            node.forEach(FormerSchema::upgradePages);
        }
    }
}
