package io.pageflip.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.channel.Cancellation;
import io.pageflip.destination.SourceListener;
import io.pageflip.metrics.Progress;
import io.pageflip.qmp.QmpException;
import io.pageflip.request.RequestBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The commands of an agent without a guest, as their schema describes them. */
final class CommandTableTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> events = new ArrayList<>();
    private final ControlledAgent agent =
            new ControlledAgent(new Cancellation(), new Progress(), () -> 1, event -> events.add(event.name()));
    private final CommandTable table = new MigrationCommands(
                    agent,
                    new MigrationSettings(new RequestBuilder().build(), false, false),
                    () -> 1,
                    SourceListener.Observer.NONE)
            .table(JSON.createObjectNode().put("package", "test"));

    private JsonNode execute(String command, ObjectNode arguments) throws QmpException {
        return table.execute(command, arguments, false, () -> null);
    }

    private JsonNode query(String command) throws QmpException {
        return execute(command, JSON.createObjectNode());
    }

    @Test
    void theSchemaHasEveryCommandAndEveryTypeThatItNames() throws QmpException {
        TreeSet<String> described = new TreeSet<>();
        TreeSet<String> named = new TreeSet<>();
        for (JsonNode entry : query("query-qmp-schema")) {
            assertThat(described.add(entry.path("name").asText()))
                    .as("%s once", entry)
                    .isTrue();
            for (String member : List.of("arg-type", "ret-type", "element-type")) {
                if (entry.has(member)) {
                    named.add(entry.path(member).asText());
                }
            }
            entry.path("members").forEach(member -> {
                if (member.has("type")) {
                    named.add(member.path("type").asText());
                }
            });
        }
        query("query-commands")
                .forEach(command -> named.add(command.path("name").asText()));
        assertThat(described).containsAll(named);
    }

    /** What the schema says is what is accepted: a value of another type is refused, for each argument. */
    @Test
    void everyArgumentIsCheckedAsTheSchemaSays() throws QmpException {
        int checked = 0;
        for (JsonNode name : query("query-commands")) {
            String command = name.path("name").asText();
            JsonNode members = members(command);
            for (JsonNode member : members) {
                ObjectNode arguments = JSON.createObjectNode();
                arguments.putObject(member.path("name").asText()).put("surely", "wrong");
                assertThat(refusal(command, arguments))
                        .matches("(Parameter|Invalid parameter type for) .*")
                        .doesNotContain("is unexpected");
                checked++;
            }
            ObjectNode unknown = JSON.createObjectNode().put("nobody-has-this", 1);
            assertThat(refusal(command, unknown)).matches("Parameter '.*' is (unexpected|missing)");
        }
        assertThat(checked).isGreaterThan(15);
        assertThat(events).isEmpty();
    }

    private JsonNode members(String command) throws QmpException {
        String type = "";
        for (JsonNode entry : query("query-qmp-schema")) {
            if (entry.path("name").asText().equals(command)) {
                type = entry.path("arg-type").asText();
            }
        }
        for (JsonNode entry : query("query-qmp-schema")) {
            if (entry.path("name").asText().equals(type)) {
                return entry.path("members");
            }
        }
        throw new AssertionError("no type of the arguments of " + command);
    }

    private String refusal(String command, ObjectNode arguments) {
        try {
            execute(command, arguments);
        } catch (QmpException e) {
            return String.valueOf(e.getMessage());
        }
        throw new AssertionError(command + " takes " + arguments);
    }
}
