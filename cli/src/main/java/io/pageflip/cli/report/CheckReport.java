package io.pageflip.cli.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;

/** What {@code pageflip check} prints. */
public record CheckReport(Host host, HostCapabilities found) {
    private static final String SCHEMA = "pageflip.check/1";

    /** One document, indented, with a line feed at its end. */
    public String json() {
        StringWriter text = new StringWriter();
        // Without data binding, which takes as long to start as all the probes.
        try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            json.writeStringField("schema", SCHEMA);
            json.writeObjectFieldStart("host");
            json.writeStringField("kernel", host.kernel());
            json.writeNumberField("cpus", host.cpus());
            json.writeNumberField("page-size", host.pageSize());
            json.writeStringField("java", host.java());
            json.writeEndObject();
            writeAnswers(json, "capabilities", "available", found.capabilities());
            writeAnswers(json, "mechanisms", "usable", found.mechanisms());
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a report that cannot be written", e);
        }
        return text + "\n";
    }

    private static void writeAnswers(JsonGenerator json, String list, String question, List<Capability> answers)
            throws IOException {
        json.writeArrayFieldStart(list);
        for (Capability answer : answers) {
            json.writeStartObject();
            json.writeStringField("name", answer.name());
            json.writeBooleanField(question, answer.available());
            json.writeStringField("detail", answer.detail());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** A line for each capability, and a line for each mechanism. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(host).append("\n\n");
        appendAnswers(text, "yes", "no", found.capabilities());
        text.append('\n');
        appendAnswers(text, "usable", "unusable", found.mechanisms());
        return text.toString();
    }

    private static void appendAnswers(StringBuilder text, String yes, String no, List<Capability> answers) {
        for (Capability answer : answers) {
            String word = answer.available() ? yes : no;
            text.append("%-20s  %-8s  %s\n".formatted(answer.name(), word, answer.detail()));
        }
    }
}
