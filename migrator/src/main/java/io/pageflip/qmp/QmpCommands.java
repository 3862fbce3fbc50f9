package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.Fd;
import org.jspecify.annotations.Nullable;

/** The commands of a server. The server's thread calls them, one after the other; none of them waits for anything. */
public interface QmpCommands {
    /** The {@code version} of the greeting, and of {@code query-version}. */
    ObjectNode version();

    /**
     * Executes a command.
     *
     * @param outOfBand whether the client asked for it with {@code exec-oob}
     * @param descriptor takes the oldest descriptor that the client has passed and no command has taken; null if there
     *     is none
     * @return the value of {@code return}
     * @throws QmpException if the answer is an error
     */
    JsonNode execute(String command, ObjectNode arguments, boolean outOfBand, Passed descriptor) throws QmpException;

    /** The descriptors that a client has passed, and that no command has taken. */
    @FunctionalInterface
    interface Passed {
        /** The oldest one, which the caller owns then; null if there is none. */
        @Nullable
        Fd take();
    }
}
