package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.qmp.QmpCommands;
import io.pageflip.qmp.QmpError;
import io.pageflip.qmp.QmpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Commands by name, and the two that tell of the others: {@code query-commands} and {@code query-qmp-schema}. It checks
 * arguments, so that no command sees any that do not fit its description. Immutable.
 */
final class CommandTable implements QmpCommands {
    private final ObjectNode version;
    private final Map<String, Command> commands = new LinkedHashMap<>();
    private final Map<String, QapiType.Struct> events;

    /**
     * A table of some commands.
     *
     * @param version of the greeting
     * @param events by name, and the type of their data
     */
    CommandTable(ObjectNode version, List<Command> commands, Map<String, QapiType.Struct> events) {
        this.version = version.deepCopy();
        this.events = new LinkedHashMap<>(events);
        add(new Command(
                "qmp_capabilities",
                List.of(QapiType.Member.optional(
                        "enable", new QapiType.ListOf(new QapiType.Choice("QMPCapability", List.of("oob"))))),
                QapiType.Struct.EMPTY,
                false,
                (arguments, descriptors) -> JsonNodeFactory.instance.objectNode())); // the session answers it
        add(query("query-version", (arguments, descriptors) -> version()));
        add(query("query-commands", (arguments, descriptors) -> names()));
        add(query("query-qmp-schema", (arguments, descriptors) -> schema()));
        commands.forEach(this::add);
    }

    /** A command without arguments that returns any value. */
    static Command query(String name, Command.Action action) {
        return new Command(name, List.of(), QapiType.ANY, false, action);
    }

    private void add(Command command) {
        commands.put(command.name(), command);
    }

    @Override
    public ObjectNode version() {
        return version.deepCopy();
    }

    @Override
    public JsonNode execute(String name, ObjectNode arguments, boolean outOfBand, Passed descriptors)
            throws QmpException {
        Command command = commands.get(name);
        if (command == null) {
            throw new QmpException(
                    new QmpError(QmpError.COMMAND_NOT_FOUND, "The command " + name + " has not been found"));
        }
        if (outOfBand && !command.outOfBand()) {
            throw QmpException.generic("The command " + name + " does not support OOB");
        }
        command.argumentType().check("", arguments);
        return command.action().execute(arguments, descriptors);
    }

    private ArrayNode names() {
        ArrayNode names = JsonNodeFactory.instance.arrayNode();
        commands.keySet().forEach(name -> names.addObject().put("name", name));
        return names;
    }

    private ArrayNode schema() {
        ArrayNode schema = JsonNodeFactory.instance.arrayNode();
        Map<String, ObjectNode> types = new LinkedHashMap<>();
        for (Command command : commands.values()) {
            ObjectNode described = schema.addObject()
                    .put("name", command.name())
                    .put("meta-type", "command")
                    .put("arg-type", command.argumentType().name())
                    .put("ret-type", command.returns().name());
            if (command.outOfBand()) {
                described.put("allow-oob", true);
            }
            command.argumentType().describe(types);
            command.returns().describe(types);
        }
        events.forEach((name, data) -> {
            schema.addObject().put("name", name).put("meta-type", "event").put("arg-type", data.name());
            data.describe(types);
        });
        types.values().forEach(schema::add);
        return schema;
    }
}
