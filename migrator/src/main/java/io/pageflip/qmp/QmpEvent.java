package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;

/**
 * Something that happened at the peer, of its own accord.
 *
 * @param name as {@code MIGRATION}
 * @param data the members that belong to this kind of event; missing if there are none
 * @param timeUs the peer's CLOCK_REALTIME, in microseconds
 */
public record QmpEvent(String name, JsonNode data, long timeUs) {
    private static final long US_PER_S = 1_000_000;
    private static final long NS_PER_US = 1_000;

    /**
     * An event of this process.
     *
     * @param monotonicNs when it happened, on {@link NanoClock#SYSTEM}
     */
    public static QmpEvent at(long monotonicNs, String name, JsonNode data) {
        return new QmpEvent(name, data, (monotonicNs + Proc.realtimeOffsetNs()) / NS_PER_US);
    }

    /** Reads a value that has a member {@code event}. */
    static QmpEvent read(JsonNode value) {
        JsonNode time = value.path("timestamp");
        long us = time.path("seconds").asLong() * US_PER_S
                + time.path("microseconds").asLong();
        JsonNode data = value.path("data");
        return new QmpEvent(value.path("event").asText(), data.isObject() ? data : MissingNode.getInstance(), us);
    }

    /** The value that {@link #read} reads. */
    ObjectNode json() {
        ObjectNode value = JsonNodeFactory.instance.objectNode();
        value.putObject("timestamp").put("seconds", timeUs / US_PER_S).put("microseconds", timeUs % US_PER_S);
        value.put("event", name);
        if (data.isObject()) {
            value.set("data", data);
        }
        return value;
    }

    /** Whether it has this name, and this text in a member of its data. */
    public boolean is(String wantedName, String member, String text) {
        return name.equals(wantedName) && data.path(member).asText().equals(text);
    }
}
