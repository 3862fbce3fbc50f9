package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.Fd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Resources;
import io.pageflip.os.UnixSocket;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * One client of a {@link QmpServer}, from its greeting until it leaves. The server's thread reads and answers; the
 * {@link QmpWriter} writes; any thread sends events.
 */
final class QmpSession implements AutoCloseable {
    private static final String CAPABILITIES = "qmp_capabilities";
    private static final String OUT_OF_BAND = "oob";
    private static final int SLICE_MS = 100;
    private static final int READ_BYTES = 1 << 14;

    /** Descriptors that a client may pass without using them. */
    private static final int MOST_PASSED = 16;

    private final UnixSocket socket;
    private final QmpCommands commands;
    private final QmpWriter writer;
    private final Deque<Fd> passed = new ArrayDeque<>();
    private final QmpParser parser = new QmpParser();
    private volatile boolean negotiated;
    private boolean mayGoOutOfBand;

    /** @param socket connected to the client; the caller closes it */
    QmpSession(UnixSocket socket, QmpCommands commands) {
        this.socket = socket;
        this.commands = commands;
        this.writer = new QmpWriter(socket.fd());
    }

    /** Serves the client until it leaves, or {@code closed}. */
    void run(BooleanSupplier closed) throws IOException {
        writer.start();
        ObjectNode greeting = JsonNodeFactory.instance.objectNode();
        ObjectNode content = greeting.putObject("QMP");
        content.set("version", commands.version());
        content.putArray("capabilities").add(OUT_OF_BAND);
        writer.add(greeting);
        NativeBuffer buffer = NativeBuffer.allocate(READ_BYTES);
        byte[] bytes = new byte[READ_BYTES];
        while (!closed.getAsBoolean() && writer.isWhole()) {
            // A client that does not read its answers is not asked for more requests.
            if (!writer.hasRoom(SLICE_MS) || !socket.awaitReadable(SLICE_MS)) {
                continue;
            }
            int length = receive(buffer);
            if (length == 0) {
                return;
            }
            buffer.bytes().get(0, bytes, 0, length);
            try {
                parser.feed(bytes, length, new Answers());
            } catch (QmpParser.TooLongException e) {
                writer.add(QmpServer.reply(new QmpError(QmpError.GENERIC, String.valueOf(e.getMessage())), null));
                return;
            }
        }
    }

    private int receive(NativeBuffer buffer) throws IOException {
        List<Fd> descriptors = new ArrayList<>();
        int length = socket.receive(buffer, 0, READ_BYTES, descriptors);
        passed.addAll(descriptors);
        while (passed.size() > MOST_PASSED) {
            passed.removeFirst().close();
        }
        return length;
    }

    /** Sends an event, once the client has negotiated. */
    void send(QmpEvent event) {
        if (negotiated) {
            writer.add(event);
        }
    }

    /** Answers each value that the parser finds. */
    private final class Answers implements QmpParser.Found {
        @Override
        public void value(JsonNode value) {
            writer.add(answer(value));
        }

        @Override
        public void error(String why) {
            writer.add(QmpServer.reply(new QmpError(QmpError.GENERIC, why), null));
        }
    }

    private ObjectNode answer(JsonNode value) {
        JsonNode id = value.get("id");
        try {
            return QmpServer.reply(execute(value), id);
        } catch (QmpException e) {
            return QmpServer.reply(e.error(), id);
        } catch (RuntimeException e) { // a defect of ours must not end the server
            return QmpServer.reply(new QmpError(QmpError.GENERIC, "the command failed: " + e), id);
        }
    }

    private JsonNode execute(JsonNode value) throws QmpException {
        if (!value.isObject()) {
            throw QmpException.generic("QMP input must be a JSON object");
        }
        String name = null;
        boolean outOfBand = false;
        JsonNode arguments = null;
        for (Iterator<Map.Entry<String, JsonNode>> members = value.properties().iterator(); members.hasNext(); ) {
            Map.Entry<String, JsonNode> member = members.next();
            switch (member.getKey()) {
                case "execute", "exec-oob" -> {
                    if (!member.getValue().isTextual()) {
                        throw QmpException.generic("QMP input member '" + member.getKey() + "' must be a string");
                    }
                    if (name != null) {
                        throw QmpException.generic("QMP input member 'exec-oob' clashes with 'execute'");
                    }
                    name = member.getValue().asText();
                    outOfBand = member.getKey().equals("exec-oob");
                }
                case "arguments" -> arguments = member.getValue();
                case "id" -> {}
                default -> throw QmpException.generic("QMP input member '" + member.getKey() + "' is unexpected");
            }
        }
        if (name == null) {
            throw QmpException.generic("QMP input lacks member 'execute'");
        }
        if (arguments != null && !arguments.isObject()) {
            throw QmpException.generic("QMP input member 'arguments' must be an object");
        }
        ObjectNode given = arguments == null ? JsonNodeFactory.instance.objectNode() : (ObjectNode) arguments;
        if (!negotiated) {
            if (!name.equals(CAPABILITIES)) {
                throw notFound("Expecting capabilities negotiation with '" + CAPABILITIES + "'");
            }
            negotiate(given);
            return JsonNodeFactory.instance.objectNode();
        }
        if (name.equals(CAPABILITIES)) {
            throw notFound("Capabilities negotiation is already complete, command ignored");
        }
        if (outOfBand && !mayGoOutOfBand) {
            throw QmpException.generic("QMP input member 'exec-oob' is unexpected");
        }
        return commands.execute(name, given, outOfBand, passed::pollFirst);
    }

    private static QmpException notFound(String description) {
        return new QmpException(new QmpError(QmpError.COMMAND_NOT_FOUND, description));
    }

    private void negotiate(ObjectNode arguments) throws QmpException {
        for (String name : (Iterable<String>) arguments::fieldNames) {
            if (!name.equals("enable")) {
                throw QmpException.generic("Parameter '" + name + "' is unexpected");
            }
        }
        JsonNode enable = arguments.path("enable");
        if (!enable.isMissingNode() && !enable.isArray()) {
            throw QmpException.generic("Invalid parameter type for 'enable', expected: array");
        }
        for (JsonNode capability : enable) {
            if (!capability.asText().equals(OUT_OF_BAND)) {
                throw QmpException.generic("Parameter 'enable' does not accept value '" + capability.asText() + "'");
            }
            mayGoOutOfBand = true;
        }
        negotiated = true;
    }

    /** Ends, once the client has got what was written, or does not read it. */
    @Override
    public void close() {
        negotiated = false;
        writer.close();
        Resources.closeAll(passed);
    }
}
