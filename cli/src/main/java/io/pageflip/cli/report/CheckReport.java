package io.pageflip.cli.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import io.pageflip.qemu.QemuBinary;
import io.pageflip.qemu.QemuMode;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;

/**
 * What {@code pageflip check} prints.
 *
 * @param qemu the QEMUs that were asked
 */
public record CheckReport(Host host, HostCapabilities found, List<QemuBinary> qemu) {
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
            if (!qemu.isEmpty()) {
                json.writeArrayFieldStart("qemu");
                for (QemuBinary binary : qemu) {
                    json.writeStartObject();
                    json.writeStringField("program", binary.program());
                    json.writeStringField("version", binary.version());
                    writeAnswers(json, "modes", "usable", modes(binary));
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
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

    private static List<Capability> modes(QemuBinary binary) {
        return Arrays.stream(QemuMode.values())
                .map(mode -> {
                    String whyNot = binary.whyNot(mode);
                    String detail = whyNot == null ? "guest RAM in a " + mode.backing() : "it says: " + whyNot;
                    return new Capability(mode.toString(), whyNot == null, detail);
                })
                .toList();
    }

    /** A line for each capability, a line for each mechanism, and one for each mode of a QEMU. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(host).append("\n\n");
        appendAnswers(text, "yes", "no", found.capabilities());
        text.append('\n');
        appendAnswers(text, "usable", "unusable", found.mechanisms());
        for (QemuBinary binary : qemu) {
            text.append('\n')
                    .append(binary.name())
                    .append(" (")
                    .append(binary.program())
                    .append(")\n");
            appendAnswers(text, "usable", "unusable", modes(binary));
        }
        return text.toString();
    }

    private static void appendAnswers(StringBuilder text, String yes, String no, List<Capability> answers) {
        for (Capability answer : answers) {
            String word = answer.available() ? yes : no;
            text.append("%-20s  %-8s  %s\n".formatted(answer.name(), word, answer.detail()));
        }
    }
}
