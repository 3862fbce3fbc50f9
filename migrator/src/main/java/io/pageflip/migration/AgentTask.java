package io.pageflip.migration;

import io.pageflip.request.RefusedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The task of an agent's process in a migration: the part of the request that differs between the processes. It is on
 * their command line; the {@link io.pageflip.request.RequestDocument} is the first line of their standard input.
 *
 * @param socket the path at which the destination listens
 * @param migrations how many times the guest changes hands; 1, except for peers
 */
record AgentTask(Kind kind, String socket, int migrations) {
    /** The kinds of agent process. */
    enum Kind {
        SOURCE,
        DESTINATION,
        /** Source first, and then alternately destination and source; makes the guest. */
        FIRST_PEER,
        /** Destination first, and then alternately source and destination. */
        SECOND_PEER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** The agent's role in the first migration. */
    AgentRole firstRole() {
        return kind == Kind.SOURCE || kind == Kind.FIRST_PEER ? AgentRole.SOURCE : AgentRole.DESTINATION;
    }

    /** The command line: {@code command}, and after it the arguments that {@link #parse} reads. */
    List<String> after(List<String> command) {
        List<String> line = new ArrayList<>(command);
        line.addAll(List.of(kind.toString(), socket, Integer.toString(migrations)));
        return line;
    }

    /** @throws RefusedException if {@code arguments} are no task */
    static AgentTask parse(List<String> arguments) throws RefusedException {
        try {
            Kind kind = Arrays.stream(Kind.values())
                    .filter(known -> known.toString().equals(arguments.get(0)))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(arguments.get(0)));
            return new AgentTask(kind, arguments.get(1), Integer.parseInt(arguments.get(2)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new RefusedException(
                    "an agent is started with " + Arrays.toString(Kind.values())
                            + ", the path of a socket, and a number of migrations, not with " + arguments,
                    e);
        }
    }
}
