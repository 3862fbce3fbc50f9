package io.pageflip.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the report with which a destination ends a migration. It is another process's word: when this has returned, it
 * has the same form and the same bounds as a report that this process would make itself.
 */
public final class PeerReport {
    /** No duration, count or size that we report is larger: 36 years in nanoseconds, or an exbibyte. */
    private static final double MOST = 1L << 60;

    /** The one time that is relative to another: the throughput is told from before the switchover on. */
    private static final String RELATIVE = "from-ns";

    private static final Set<String> NO_NUMBERS = Set.of("NaN", "Infinity", "-Infinity", "INF", "-INF");

    private PeerReport() {}

    /**
     * Reads a report.
     *
     * @param guestPages pages of all of the guest's blocks
     * @return the result of a completed migration
     * @throws IOException if it is no such report; the message says why, and is safe to print
     */
    public static RunResult read(String json, long guestPages) throws IOException {
        RunResult result;
        try {
            JsonNode root = ResultJson.MAPPER.readTree(json);
            if (!(root instanceof ObjectNode object)) {
                throw new IOException("it is no JSON object");
            }
            neutralize(object);
            result = ResultJson.MAPPER.treeToValue(object, RunResult.class);
            if (!ResultJson.MAPPER
                    .readTree(ResultJson.write(result))
                    .equals(ResultJson.MAPPER.readTree(object.toString()))) {
                throw new IOException("it is not what this pageflip would write");
            }
        } catch (JsonProcessingException e) {
            throw new IOException(PeerText.printable(e.getOriginalMessage()), e);
        } catch (IllegalArgumentException
                | IllegalStateException
                | NullPointerException e) { // of the records' own checks
            throw new IOException(PeerText.printable(String.valueOf(e.getMessage())), e);
        }
        check(result, guestPages);
        return result;
    }

    private static void check(RunResult result, long guestPages) throws IOException {
        Measured measured = result.measured();
        if (result.status() != MigrationStatus.COMPLETED) {
            throw new IOException("its status is " + result.status() + ", but the destination has the guest");
        }
        if (result.verification() == null || (measured == null) != (result.error() != null)) {
            throw new IOException("it has neither figures nor a reason why they are missing");
        }
        PageCounts pages = measured == null ? null : measured.pages();
        if (pages != null && (!pages.addsUp() || pages.total() != guestPages)) {
            throw new IOException("its pages do not add up to the guest's " + guestPages);
        }
    }

    /** Makes all text printable, and refuses numbers that none of our figures can have. */
    private static void neutralize(ObjectNode object) throws IOException {
        List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(object.properties());
        object.removeAll();
        for (Map.Entry<String, JsonNode> field : fields) {
            String name = PeerText.printable(field.getKey());
            object.set(name, neutral(name, field.getValue()));
        }
    }

    private static JsonNode neutral(String name, JsonNode value) throws IOException {
        if (value instanceof TextNode text) {
            if (NO_NUMBERS.contains(text.textValue())) { // Jackson takes these for numbers
                throw new IOException("its " + name + " is " + value);
            }
            return TextNode.valueOf(PeerText.printable(text.textValue()));
        }
        double least = name.equals(RELATIVE) ? -MOST : 0;
        if (value.isNumber() && !(value.doubleValue() >= least && value.doubleValue() <= MOST)) {
            throw new IOException("its " + name + " is " + value);
        }
        if (value instanceof ObjectNode object) {
            neutralize(object);
        } else if (value instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, neutral(name, array.get(i)));
            }
        }
        return value;
    }
}
