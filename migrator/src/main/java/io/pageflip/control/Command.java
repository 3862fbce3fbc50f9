package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.qmp.QmpCommands;
import io.pageflip.qmp.QmpException;
import java.util.List;

/**
 * A command: the one description of what it takes, what it returns and what it does.
 *
 * @param arguments members of its arguments
 * @param outOfBand whether {@code exec-oob} may name it
 */
record Command(String name, List<QapiType.Member> arguments, QapiType returns, boolean outOfBand, Action action) {
    /** What a command does, on the server's thread; it waits for nothing. */
    @FunctionalInterface
    interface Action {
        JsonNode execute(ObjectNode arguments, QmpCommands.Passed descriptors) throws QmpException;
    }

    Command {
        arguments = List.copyOf(arguments);
    }

    /** The type of its arguments. */
    QapiType.Struct argumentType() {
        return arguments.isEmpty() ? QapiType.Struct.EMPTY : new QapiType.Struct("q_" + name + "-arg", arguments);
    }
}
