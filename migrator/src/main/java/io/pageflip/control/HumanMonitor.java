package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** The commands of {@code human-monitor-command} that people need to look at a migration. */
final class HumanMonitor {
    private static final String HELP = """
            help -- show this text
            info migrate -- show the migration that runs, or the last one
            info status -- show whether the guest runs
            """;

    private final ControlledAgent agent;
    private final MigrationQuery query;

    HumanMonitor(ControlledAgent agent, MigrationQuery query) {
        this.agent = agent;
        this.query = query;
    }

    /** The text that a person reads, with a line feed at its end. */
    String execute(String line) {
        return switch (line.strip().replaceAll("\\s+", " ")) {
            case "help", "help info", "?" -> HELP;
            case "info status" -> "VM status: " + agent.runState() + "\n";
            case "info migrate" -> migration();
            case "" -> "";
            default -> "unknown command: '" + line.strip() + "'\n";
        };
    }

    private String migration() {
        JsonNode json = query.json();
        if (json.isEmpty()) {
            return "no migration yet\n";
        }
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, JsonNode> member : json.properties()) {
            append(text, member.getKey(), member.getValue());
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String name, JsonNode value) {
        if (value.isObject()) {
            for (Map.Entry<String, JsonNode> member : value.properties()) {
                append(text, name + "." + member.getKey(), member.getValue());
            }
        } else {
            text.append(name.equals("status") ? "Migration status" : name)
                    .append(": ")
                    .append(value.asText())
                    .append('\n');
        }
    }
}
