package io.pageflip.qmp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * Cuts the bytes that a client sends into JSON values. Values may follow each other with or without blanks and line
 * feeds; a value may come in any number of parts. As QEMU's parser, it takes strings in single quotes, the byte 0xFF
 * makes it forget what it has of a value, and after an error it goes on with what follows. Used by one thread.
 */
final class QmpParser {
    /** Bytes of one value, at most. */
    static final int MOST_BYTES = 1 << 20;

    /** Arrays and objects within each other, at most. */
    static final int MOST_DEPTH = 64;

    private static final int RESET = 0xff;

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** What the parser found. */
    interface Found {
        /** A value. */
        void value(JsonNode value) throws IOException;

        /** No JSON, in words. */
        void error(String why) throws IOException;
    }

    /** A value, or an error, would be too long to be kept: nothing that follows can be understood. */
    static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1;

        TooLongException(String why) {
            super(why);
        }
    }

    private final ByteArrayOutputStream value = new ByteArrayOutputStream();
    private int depth;
    private int quote;
    private boolean escaped;
    private boolean scalar;

    /**
     * Takes the next bytes.
     *
     * @throws TooLongException if a value is longer or deeper than a request may be
     */
    void feed(byte[] bytes, int length, Found found) throws IOException {
        for (int i = 0; i < length; i++) {
            feed(bytes[i] & 0xff, found);
        }
    }

    private void feed(int b, Found found) throws IOException {
        if (b == RESET) {
            reset();
        } else if (quote != 0) {
            feedString(b, found);
        } else if (b == '{' || b == '[') {
            endScalar(found);
            depth++;
            if (depth > MOST_DEPTH) {
                throw new TooLongException("JSON nesting depth limit exceeded: a request has at most " + MOST_DEPTH
                        + " arrays and objects within each other");
            }
            keep(b);
        } else if (b == '}' || b == ']') {
            endScalar(found);
            keep(b);
            depth = Math.max(0, depth - 1);
            if (depth == 0) {
                end(found);
            }
        } else if (b == '"' || b == '\'') {
            endScalar(found);
            quote = b;
            keep(b);
        } else if (depth > 0) {
            keep(b);
        } else if (b == ' ' || b == '\t' || b == '\r' || b == '\n') {
            endScalar(found);
        } else {
            scalar = true;
            keep(b);
        }
    }

    private void feedString(int b, Found found) throws IOException {
        keep(b);
        if (escaped) {
            escaped = false;
        } else if (b == '\\') {
            escaped = true;
        } else if (b == quote) {
            quote = 0;
            if (depth == 0) {
                end(found);
            }
        } else if (b == '\n' && depth == 0) {
            end(found); // a quote that nobody closed: the line ends it
        }
    }

    private void keep(int b) throws TooLongException {
        if (value.size() == MOST_BYTES) {
            throw new TooLongException(
                    "JSON token size limit exceeded: a request has at most " + MOST_BYTES + " bytes");
        }
        value.write(b);
    }

    /** A number or a word outside of all objects ends with whatever follows it. */
    private void endScalar(Found found) throws IOException {
        if (scalar) {
            end(found);
        }
    }

    private void end(Found found) throws IOException {
        byte[] whole = value.toByteArray();
        reset();
        JsonNode parsed;
        try {
            parsed = MAPPER.readTree(whole);
        } catch (JsonProcessingException e) {
            found.error("JSON parse error, " + e.getOriginalMessage());
            return;
        }
        if (parsed.isMissingNode()) {
            found.error("JSON parse error, expecting value");
        } else {
            found.value(parsed);
        }
    }

    private void reset() {
        value.reset();
        depth = 0;
        quote = 0;
        escaped = false;
        scalar = false;
    }
}
