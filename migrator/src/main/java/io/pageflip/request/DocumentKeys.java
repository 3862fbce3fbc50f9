package io.pageflip.request;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.metrics.ResultJson;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a request in JSON. The caller asks for each key that it knows, and then refuses all others. Used by one
 * thread.
 */
final class DocumentKeys {
    private final JsonNode object;
    private final List<String> known = new ArrayList<>();

    private DocumentKeys(JsonNode object) {
        this.object = object;
    }

    static DocumentKeys of(String json) throws RefusedException {
        JsonNode root;
        try {
            root = ResultJson.MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new RefusedException("the request is no JSON: " + e.getOriginalMessage(), e);
        }
        if (!root.isObject()) {
            throw new RefusedException("the request is no JSON object");
        }
        return new DocumentKeys(root);
    }

    /** Whether an optional key is there. */
    boolean has(String key) {
        known.add(key);
        return object.has(key);
    }

    long wholeNumber(String key) throws RefusedException {
        JsonNode value = value(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw refused(key, value, "a whole number, as 4 is one");
        }
        return value.longValue();
    }

    int smallNumber(String key) throws RefusedException {
        JsonNode value = value(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw refused(key, value, "a whole number, as 4 is one");
        }
        return value.intValue();
    }

    double number(String key) throws RefusedException {
        JsonNode value = value(key);
        if (!value.isNumber()) {
            throw refused(key, value, "a number, as 0.5 is one");
        }
        return value.doubleValue();
    }

    boolean truth(String key) throws RefusedException {
        JsonNode value = value(key);
        if (!value.isBoolean()) {
            throw refused(key, value, "true or false");
        }
        return value.booleanValue();
    }

    /** One of an enum's constants, by the word that its {@code toString} returns. */
    <T> T oneOf(String key, T[] constants) throws RefusedException {
        JsonNode value = value(key);
        for (T constant : constants) {
            if (value.isTextual() && constant.toString().equals(value.textValue())) {
                return constant;
            }
        }
        throw refused(key, value, "one of " + words(Arrays.asList(constants)));
    }

    /**
     * A word, as {@code parser} reads it; the parser throws an {@link IllegalArgumentException} if it cannot.
     *
     * @param words the right words, for the message; null if the message of the exception names them
     */
    <T> T parsed(String key, Function<String, T> parser, @Nullable List<String> words) throws RefusedException {
        JsonNode value = value(key);
        if (!value.isTextual()) {
            throw refused(key, value, "a word");
        }
        try {
            return parser.apply(value.textValue());
        } catch (IllegalArgumentException e) {
            throw refused(key, value, words == null ? String.valueOf(e.getMessage()) : "one of " + words(words));
        }
    }

    /** Refuses the document if it has a key that was not asked for. */
    void refuseOthers() throws RefusedException {
        for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                throw new RefusedException("the request has a key '" + name + "', which this pageflip does not know");
            }
        }
    }

    private JsonNode value(String key) throws RefusedException {
        known.add(key);
        JsonNode value = object.get(key);
        if (value == null) {
            throw new RefusedException("the request has no key '" + key + "'");
        }
        return value;
    }

    private static RefusedException refused(String key, JsonNode value, String right) {
        return new RefusedException("the request's '" + key + "' is " + value + "; it must be " + right);
    }

    private static String words(List<?> values) {
        return String.join(", ", values.stream().map(Object::toString).toList());
    }
}
