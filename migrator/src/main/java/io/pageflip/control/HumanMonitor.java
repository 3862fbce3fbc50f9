package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.qmp.JsonText;

/** The commands of {@code human-monitor-command} that people need to look at a migration. */
final class HumanMonitor {
    private static final String END = "\r\n";
    private static final String HELP = """
            help -- show this text
            info migrate -- show the migration that runs, or the last one
            info status -- show whether the guest runs
            """.replace("\n", END);

    private final ControlledAgent agent;
    private final MigrationQuery query;

    HumanMonitor(ControlledAgent agent, MigrationQuery query) {
        this.agent = agent;
        this.query = query;
    }

    /** The text that a person reads, its lines end as QEMU's. */
    String execute(String line) {
        return switch (line.strip().replaceAll("\\s+", " ")) {
            case "help", "help info", "?", "info" -> HELP;
            case "info status" -> status();
            case "info migrate" -> migration();
            case "" -> "";
            default -> "unknown command: '" + line.strip() + "'" + END;
        };
    }

    private String status() {
        String state = agent.runState();
        boolean plain = state.equals("running") || state.equals("paused");
        return "VM status: " + (plain ? state : "paused (" + state + ")") + END;
    }

    private String migration() {
        JsonNode json = query.json();
        if (json.isEmpty()) {
            return "no migration yet" + END;
        }
        StringBuilder text = new StringBuilder();
        JsonText.forEachValue(
                json,
                (name, value) -> text.append(name.equals("status") ? "Migration status" : name)
                        .append(": ")
                        .append(value)
                        .append(END));
        return text.toString();
    }
}
