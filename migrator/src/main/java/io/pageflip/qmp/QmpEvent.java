package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

/**
 * Something that happened at the peer, of its own accord.
 *
 * @param name as {@code MIGRATION}
 * @param data the members that belong to this kind of event; missing if there are none
 * @param timeUs the peer's CLOCK_REALTIME, in microseconds
 */
public record QmpEvent(String name, JsonNode data, long timeUs) {
    private static final long US_PER_S = 1_000_000;

    /** Reads a value that has a member {@code event}. */
    static QmpEvent read(JsonNode value) {
        JsonNode time = value.path("timestamp");
        long us = time.path("seconds").asLong() * US_PER_S
                + time.path("microseconds").asLong();
        JsonNode data = value.path("data");
        return new QmpEvent(value.path("event").asText(), data.isObject() ? data : MissingNode.getInstance(), us);
    }

    /** Whether it has this name, and this text in a member of its data. */
    public boolean is(String wantedName, String member, String text) {
        return name.equals(wantedName) && data.path(member).asText().equals(text);
    }
}
