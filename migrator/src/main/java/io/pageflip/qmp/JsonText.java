package io.pageflip.qmp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BiConsumer;

/** JSON values as text: for the protocol, and for people. */
public final class JsonText {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String END = "\r\n";

    private JsonText() {}

    /** A value as QEMU sends it: on a line of its own, with a carriage return and a line feed, in UTF-8. */
    static byte[] line(JsonNode value) {
        try {
            return (MAPPER.writeValueAsString(value) + END).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Finds the values in objects and arrays, in their order.
     *
     * @param found gets for each the names of the members that lead to it, as in {@code ram.total} and
     *     {@code cpus[0].thread-id}, and the value as text
     */
    public static void forEachValue(JsonNode json, BiConsumer<String, String> found) {
        forEachValue("", json, found);
    }

    private static void forEachValue(String name, JsonNode json, BiConsumer<String, String> found) {
        if (json.isObject()) {
            for (Map.Entry<String, JsonNode> member : json.properties()) {
                String prefix = name.isEmpty() ? "" : name + ".";
                forEachValue(prefix + member.getKey(), member.getValue(), found);
            }
        } else if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                forEachValue(name + "[" + i + "]", json.get(i), found);
            }
        } else {
            found.accept(name, json.asText());
        }
    }
}
