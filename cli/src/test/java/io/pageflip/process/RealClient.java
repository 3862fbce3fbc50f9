package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.testkit.Waiting;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client that people have for QEMU, as a process that is connected to one QMP server. One thread uses it; another one
 * reads what the process writes.
 */
final class RealClient {
    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.ALLOW_SINGLE_QUOTES);
    private static final String PYTHON = "/usr/bin/python3";
    private static final String SKIP_NEGOTIATION = "-N";
    private static final String PROMPT = "(QEMU) ";

    /** Which one. */
    enum Kind {
        /** The Python library qemu.qmp. */
        LIBRARY,
        /** qmp-shell, as somebody types. */
        QMP_SHELL,
        /** node-qemu, of npm. */
        NODE,
        /** socat, and JSON by hand. */
        SOCAT;

        /** Skips the test if the host has no such client. */
        void need() {
            switch (this) {
                case LIBRARY, QMP_SHELL ->
                    Host.need(
                            python() != null,
                            "PAGEFLIP_QMP_PYTHON names no folder into which Debian's python3-qemu-qmp is unpacked");
                case NODE ->
                    Host.need(
                            modules() != null && Host.has("node"),
                            "PAGEFLIP_QMP_NODE names no folder of modules with node-qemu, or there is no node");
                case SOCAT -> Host.need(Host.has("socat"), "there is no socat");
            }
        }

        /** node-qemu asks in a way that QEMU has given up. */
        boolean canOutOfBand() {
            return this == LIBRARY || this == SOCAT;
        }

        boolean canSkipNegotiation() {
            return this != NODE;
        }

        private static @Nullable String python() {
            return System.getenv("PAGEFLIP_QMP_PYTHON");
        }

        private static @Nullable String modules() {
            return System.getenv("PAGEFLIP_QMP_NODE");
        }

        private List<String> command(Path home, Path socket, List<String> options) {
            String python = "PYTHONPATH=" + python() + "/usr/lib/python3/dist-packages";
            return switch (this) {
                case LIBRARY -> with(options, "env", python, PYTHON, resource("qmp-library.py"), socket.toString());
                case QMP_SHELL -> // at home is the history of commands
                    with(
                            options,
                            "env",
                            python,
                            "HOME=" + home,
                            PYTHON,
                            "-u",
                            python() + "/usr/bin/qmp-shell",
                            socket.toString());
                case NODE ->
                    List.of("env", "NODE_PATH=" + modules(), "node", resource("qmp-node.cjs"), socket.toString());
                case SOCAT -> List.of("socat", "-", "UNIX-CONNECT:" + socket);
            };
        }

        private static List<String> with(List<String> options, String... words) {
            List<String> all = new ArrayList<>(List.of(words));
            all.addAll(options);
            return all;
        }

        private static String resource(String name) {
            try {
                return Path.of(Objects.requireNonNull(RealClient.class.getResource(name))
                                .toURI())
                        .toString();
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final Kind kind;
    private final Run run;
    private final OutputStream in;
    private final BlockingQueue<ObjectNode> replies = new LinkedBlockingQueue<>();

    // Guarded by this object's monitor.
    private final List<ObjectNode> events = new ArrayList<>();
    private final StringBuilder said = new StringBuilder();

    private RealClient(Kind kind, Run run) {
        this.kind = kind;
        this.run = run;
        this.in = run.process().getOutputStream();
    }

    /** Starts one that negotiates capabilities first. */
    static RealClient connect(Pageflip pageflip, Kind kind, Path socket) throws IOException {
        RealClient client = start(pageflip, kind, socket, List.of());
        if (kind == Kind.SOCAT) {
            client.ok("qmp_capabilities", "{'enable':['oob']}");
        }
        return client;
    }

    /** Starts one that negotiates nothing. */
    static RealClient connectOnly(Pageflip pageflip, Kind kind, Path socket) throws IOException {
        return start(pageflip, kind, socket, List.of(SKIP_NEGOTIATION));
    }

    /** Starts a qmp-shell in which one types what QEMU's human monitor understands. */
    static RealClient connectToMonitor(Pageflip pageflip, Path socket) throws IOException {
        return start(pageflip, Kind.QMP_SHELL, socket, List.of("-H"));
    }

    private static RealClient start(Pageflip pageflip, Kind kind, Path socket, List<String> options)
            throws IOException {
        Path home = Files.createDirectories(pageflip.path("home"));
        RealClient client = new RealClient(kind, pageflip.startToBeTold(kind.command(home, socket, options)));
        Thread reader = new Thread(client::readOnAndOn, "output of " + kind);
        reader.setDaemon(true);
        reader.start();
        return client;
    }

    private void readOnAndOn() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(run.process().getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                take(line);
            }
        } catch (IOException e) {
            // It was killed. Whoever waits for it sees that it has ended.
        }
    }

    private synchronized void take(String line) throws IOException {
        said.append(line).append('\n');
        String text = line;
        while (text.startsWith(PROMPT)) {
            text = text.substring(PROMPT.length());
        }
        if (!text.startsWith("{")) {
            return;
        }
        boolean python = text.startsWith("{'"); // an event, as qmp-shell shows it
        ObjectNode value = (ObjectNode) JSON.readTree(python ? text.replace(": False", ": false") : text);
        if (value.has("event")) {
            events.add(value);
        } else if (!value.has("QMP")) {
            replies.add(value);
        }
    }

    /** Sends a command, and waits for the reply: {@code return}, or {@code error}. */
    ObjectNode execute(String command, String arguments) throws IOException {
        tell(command, arguments);
        return reply(command);
    }

    /** As {@link #execute}, before all commands that wait; the client must be able to. */
    ObjectNode executeOutOfBand(String command, String arguments) throws IOException {
        write(request("exec-oob", command, arguments) + "\n");
        return reply(command);
    }

    /** Sends a command that succeeds, and returns what it returns. */
    JsonNode ok(String command, String arguments) throws IOException {
        ObjectNode reply = execute(command, arguments);
        assertThat(reply.has("return")).as("%s succeeds: %s", command, reply).isTrue();
        return reply.path("return");
    }

    JsonNode ok(String command) throws IOException {
        return ok(command, "{}");
    }

    /** Sends a command, and waits for nothing. */
    void tell(String command, String arguments) throws IOException {
        write((kind == Kind.QMP_SHELL ? typed(command, arguments) : request("execute", command, arguments)) + "\n");
    }

    /** Sends text as it is. */
    void write(String text) throws IOException {
        in.write(text.getBytes(StandardCharsets.UTF_8));
        in.flush();
    }

    /** As its manual says: key=value, with JSON for what is not simple. */
    private static String typed(String command, String arguments) throws IOException {
        StringBuilder line = new StringBuilder(command);
        JSON.readTree(arguments)
                .properties()
                .forEach(argument -> line.append(' ')
                        .append(argument.getKey())
                        .append('=')
                        .append(
                                argument.getValue().isTextual()
                                        ? argument.getValue().asText()
                                        : argument.getValue().toString()));
        return line.toString();
    }

    private static String request(String member, String command, String arguments) throws IOException {
        ObjectNode request = JSON.createObjectNode().put(member, command);
        JsonNode given = JSON.readTree(arguments);
        if (!given.isEmpty()) {
            request.set("arguments", given);
        }
        return request.toString();
    }

    /** Waits for the next reply. */
    ObjectNode reply(String to) {
        ObjectNode[] found = new ObjectNode[1];
        Waiting.until("a reply to " + to, () -> {
            found[0] = replies.poll(100, TimeUnit.MILLISECONDS);
            assertThat(found[0] != null || run.process().isAlive())
                    .as("a reply to %s before the end: %s", to, this)
                    .isTrue();
            return found[0] != null;
        });
        return found[0];
    }

    /** Waits until everything of an event's text is there: its name, or its status, or its pass. */
    void awaitEvent(String wanted) {
        Waiting.until("the event " + wanted, () -> events().contains(wanted));
    }

    /** The events since the last call of {@link #forgetEvents}: the status of a MIGRATION, else the name. */
    List<String> events() throws IOException {
        if (kind == Kind.QMP_SHELL && run.process().isAlive()) {
            write("\n"); // then it shows those that have come
            ok("query-name");
        }
        synchronized (this) {
            List<String> words = new ArrayList<>();
            for (ObjectNode event : events) {
                assertThat(event.at("/timestamp/seconds").asLong()).isPositive();
                JsonNode data = event.path("data");
                String pass = data.has("pass") ? " " + data.path("pass") : "";
                words.add(data.path("status").asText(event.path("event").asText() + pass));
            }
            return words;
        }
    }

    synchronized void forgetEvents() {
        events.clear();
    }

    /** Everything that it has written. */
    synchronized String said() {
        return said.toString();
    }

    /** Ends it as a user does. */
    void close() throws IOException {
        in.close();
        run.end();
    }

    /** Kills it, whatever it does. */
    void kill() throws IOException, InterruptedException {
        run.signal("KILL");
        run.end();
    }

    @Override
    public String toString() {
        return kind + "\n" + said() + run;
    }
}
