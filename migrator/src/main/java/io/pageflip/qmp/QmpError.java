package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * An error, as it crosses.
 *
 * @param kind the class of the error: {@link #GENERIC} or {@link #COMMAND_NOT_FOUND}, or one of QEMU's former ones
 * @param description one sentence for people
 */
public record QmpError(String kind, String description) {
    public static final String GENERIC = "GenericError";
    public static final String COMMAND_NOT_FOUND = "CommandNotFound";

    /** Reads the value of {@code error}; what is missing or no string becomes empty. */
    static QmpError read(JsonNode error) {
        return new QmpError(error.path("class").asText(), error.path("desc").asText());
    }

    /** The value of {@code error}. */
    ObjectNode json() {
        return JsonNodeFactory.instance.objectNode().put("class", kind).put("desc", description);
    }
}
