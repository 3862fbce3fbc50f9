package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.qmp.JsonText;

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
        JsonText.forEachValue(
                json,
                (name, value) -> text.append(name.equals("status") ? "Migration status" : name)
                        .append(": ")
                        .append(value)
                        .append('\n'));
        return text.toString();
    }
}
