package io.pageflip.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.metrics.ResultJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * A comparison as one HTML page that needs nothing else: its style, its scripts, Chart.js and the figures are inside.
 */
public final class HtmlReport {
    private HtmlReport() {}

    /**
     * Converts a stored report to a comparison, of which a page can be made.
     *
     * @param stored a document that {@code compare} or {@code migrate} has written, of this schema or the one before
     * @return a comparison, with one cell for a document of {@code migrate}; null if it is neither
     */
    public static @Nullable JsonNode comparison(JsonNode stored) {
        JsonNode current = FormerSchema.upgraded(stored);
        return switch (current.path("schema").asText()) {
            case Comparison.SCHEMA -> current;
            case JsonReport.SCHEMA -> oneCell(current);
            default -> null;
        };
    }

    private static JsonNode oneCell(JsonNode migration) {
        ObjectNode comparison = ResultJson.MAPPER.createObjectNode();
        comparison.put("schema", Comparison.SCHEMA);
        comparison.set("host", migration.path("host"));
        comparison.set("request", migration.path("request"));
        ObjectNode cell = comparison.putArray("cells").addObject();
        cell.set("options", migration.path("request"));
        boolean completed = true;
        for (JsonNode run : migration.path("runs")) {
            completed &= run.path("status").asText().equals("completed") && run.has("downtime-ns");
        }
        cell.put("status", completed ? "completed" : "failed");
        cell.set("runs", migration.path("runs"));
        if (completed && migration.has("summary")) {
            ObjectNode summary = cell.putObject("summary");
            summary.put("runs", migration.path("runs").size());
            summary.set("downtime-ns", migration.at("/summary/downtime-ns"));
            summary.put("ratio", 1);
        }
        comparison.putArray("skipped");
        return comparison;
    }

    /** The page. */
    public static String of(JsonNode comparison) {
        // Not String.replace one after the other: inserted text must not be searched for marks.
        StringBuilder page = new StringBuilder();
        String template = resource("comparison.html");
        int at = 0;
        for (int mark = template.indexOf("{{"); mark >= 0; mark = template.indexOf("{{", at)) {
            int end = template.indexOf("}}", mark);
            page.append(template, at, mark).append(part(template.substring(mark + 2, end), comparison));
            at = end + 2;
        }
        return page.append(template, at, template.length()).toString();
    }

    private static String part(String name, JsonNode comparison) {
        return switch (name) {
            case "style" -> resource("comparison.css");
            case "chart" -> chartLibrary();
            case "script" -> resource("comparison.js");
            // No text in it may end the script element.
            case "data" -> ResultJson.write(comparison).replace("<", "\\u003c");
            default -> throw new IllegalStateException("the template names an unknown part: " + name);
        };
    }

    private static String chartLibrary() {
        Properties place = new Properties();
        try (InputStream in = open("chart-library.properties")) {
            place.load(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        String library = resource(place.getProperty("path"));
        // One line of it tells browsers where its source map is, but the jar has none.
        return library.replaceAll("(?m)^//# sourceMappingURL=.*$", "");
    }

    private static String resource(String name) {
        try (InputStream in = open(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static InputStream open(String name) {
        InputStream in = HtmlReport.class.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalStateException("not in this jar: " + name);
        }
        return in;
    }
}
