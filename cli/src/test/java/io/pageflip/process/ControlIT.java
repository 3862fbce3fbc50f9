package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.qmp.QmpClient;
import io.pageflip.qmp.QmpEvent;
import io.pageflip.qmp.QmpException;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents that are controlled over QMP. */
final class ControlIT {
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private final List<QmpClient> clients = new ArrayList<>();
    private Run source;
    private Run destination;
    private QmpClient from;
    private QmpClient to;

    @AfterEach
    void closeClients() throws IOException {
        for (QmpClient client : clients) {
            client.close();
        }
    }

    private void start(String... sourceOptions) throws IOException, InterruptedException {
        startWith("--ram=32M", sourceOptions);
    }

    private void startWith(String ram, String... sourceOptions) throws IOException, InterruptedException {
        startWatching("0.05", ram, sourceOptions);
    }

    private void startWatching(String destinationS, String ram, String... sourceOptions)
            throws IOException, InterruptedException {
        source = pageflip.start(
                List.of("source", "--qmp=unix:" + pageflip.path("s.qmp"), ram, "--run-after=0.05"), sourceOptions);
        destination = pageflip.start(
                "destination", "--qmp=unix:" + pageflip.path("d.qmp"), "--run-after=" + destinationS, "--late-batch=1");
        from = connect("s.qmp", source, "the guest runs");
        to = connect("d.qmp", destination, "waiting for commands");
    }

    private QmpClient connect(String socket, Run agent, String said) throws IOException, InterruptedException {
        agent.awaitErr(said);
        QmpClient client =
                QmpClient.connect(pageflip.path(socket), NanoClock.SYSTEM, () -> {}, Waiting.LIMIT.toNanos());
        clients.add(client);
        return client;
    }

    private static JsonNode execute(QmpClient client, String command, String arguments)
            throws IOException, InterruptedException {
        return client.execute(command, (ObjectNode) JSON.readTree(arguments.replace('\'', '"')));
    }

    private static void enable(QmpClient client, String... capabilities) throws IOException, InterruptedException {
        for (String capability : capabilities) {
            execute(
                    client,
                    "migrate-set-capabilities",
                    "{'capabilities': [{'capability': '" + capability + "', 'state': true}]}");
        }
    }

    private String address() {
        return "{'uri': 'unix:" + pageflip.path("m.sock") + "'}";
    }

    private void migrate(QmpClient giver, QmpClient taker) throws IOException, InterruptedException {
        execute(taker, "migrate-incoming", address());
        assertThat(execute(giver, "migrate", address()).size()).isZero();
    }

    private static JsonNode awaitStatus(QmpClient client, String wanted) throws IOException, InterruptedException {
        JsonNode[] last = {JSON.createObjectNode()};
        Waiting.until("status " + wanted, () -> {
            try {
                last[0] = client.execute("query-migrate");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            String now = last[0].path("status").asText();
            if (!now.equals(wanted)
                    && List.of("failed", "completed", "cancelled").contains(now)) {
                throw new AssertionError("the migration is " + now + ", not " + wanted + ": " + last[0]);
            }
            return now.equals(wanted);
        });
        return last[0];
    }

    private static List<String> events(QmpClient client) {
        List<String> words = new ArrayList<>();
        for (QmpEvent event : client.events()) {
            String status = event.data().path("status").asText();
            words.add(status.isEmpty() ? event.name() : status);
        }
        return words;
    }

    private void quit(int sourceCode, int destinationCode) throws IOException, InterruptedException {
        from.execute("quit");
        to.execute("quit");
        source.endsWith(sourceCode);
        destination.endsWith(destinationCode);
        assertThat(pageflip.path("s.qmp")).doesNotExist();
        assertThat(pageflip.path("d.qmp")).doesNotExist();
    }

    @Test
    void aGuestGoesToAndFroBetweenAgentsThatLive() throws IOException, InterruptedException {
        start();
        assertThat(Files.getPosixFilePermissions(pageflip.path("s.qmp")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(from.version().at("/package").asText()).startsWith("pageflip ");
        assertThat(from.execute("query-migrate")).isEmpty();
        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("running");
        assertThat(to.execute("query-status").path("status").asText()).isEqualTo("inmigrate");
        long thread = from.execute("query-cpus-fast").at("/0/thread-id").asLong();
        assertThat(Path.of("/proc/" + source.pid() + "/task/" + thread)).exists();
        enable(from, "events", "x-ignore-shared");
        enable(to, "events", "x-ignore-shared");

        migrate(from, to);
        from.awaitEvent("the end at the source", event -> event.is("MIGRATION", "status", "completed"));
        to.awaitEvent("the end at the destination", event -> event.is("MIGRATION", "status", "completed"));
        JsonNode completed = from.execute("query-migrate");

        assertThat(completed.path("__io.pageflip_downtime-ns").asLong()).isPositive();
        assertThat(completed.at("/__io.pageflip_pages/moved").asLong()).isEqualTo((32 + 16) << 8);
        assertThat(completed.at("/__io.pageflip_evidence/different").asLong(-1)).isZero();
        assertThat(completed.at("/ram/total").asLong()).isGreaterThan(48 << 20);
        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("postmigrate");
        assertThat(to.execute("query-status").path("running").asBoolean()).isTrue();
        assertThat(events(from)).containsExactly("setup", "active", "STOP", "device", "completed");
        assertThat(events(to)).containsExactly("setup", "active", "RESUME", "completed");

        migrate(to, from);
        awaitStatus(to, "completed");
        awaitStatus(from, "completed");
        assertThat(from.execute("query-cpus-fast")).hasSize(1);
        assertThat(to.execute("query-cpus-fast")).isEmpty();
        quit(0, 0);
        assertThat(source.out()).contains("match: ");
    }

    @Test
    void aPrecopyConvergesWhenItsLimitsAreChanged() throws IOException, InterruptedException {
        start("--workload=uniform", "--dirty-rate=50K");
        enable(from, "events");
        execute(from, "migrate-set-parameters", "{'downtime-limit': 1, 'max-bandwidth': 40000000}");
        migrate(from, to);
        from.awaitEvent("the third pass", event -> event.data().path("pass").asInt() == 3);
        JsonNode active = from.execute("query-migrate");
        assertThat(active.path("status").asText()).isEqualTo("active");
        assertThat(active.at("/ram/dirty-sync-count").asInt()).isGreaterThan(2);
        assertThat(active.at("/ram/transferred").asLong()).isGreaterThan(32 << 20);
        assertThat(active.path("expected-downtime").asLong()).isGreaterThan(1);

        execute(from, "migrate-set-parameters", "{'downtime-limit': 20000, 'max-bandwidth': 0}");

        assertThat(awaitStatus(from, "completed").path("downtime").asLong()).isLessThan(20_000);
        awaitStatus(to, "completed");
        quit(0, 0);
        assertThat(destination.out()).contains("match: ");
    }

    @Test
    void whoCancelsInTheMiddleKeepsTheGuest() throws IOException, InterruptedException {
        start("--workload=uniform", "--dirty-rate=50K");
        execute(from, "migrate-set-parameters", "{'downtime-limit': 1, 'max-bandwidth': 10000000}");
        migrate(from, to);
        awaitStatus(from, "active");

        from.execute("migrate_cancel");

        awaitStatus(from, "cancelled");
        awaitStatus(to, "failed");
        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("running");
        execute(from, "migrate-set-parameters", "{'downtime-limit': 2000, 'max-bandwidth': 0}");
        migrate(from, to);
        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        quit(0, 0);
        assertThat(destination.out()).contains("match: ");
    }

    @Test
    void whoCancelsAfterTheSwitchoverComesTooLate() throws IOException, InterruptedException {
        startWatching("3", "--ram=32M");
        enable(from, "events", "x-ignore-shared");
        enable(to, "events");
        migrate(from, to);
        to.awaitEvent("the guest at the destination", event -> event.name().equals("RESUME"));
        from.awaitEvent("the switchover at the source", event -> event.is("MIGRATION", "status", "device"));

        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("finish-migrate");
        assertThat(to.execute("query-status").path("status").asText()).isEqualTo("running");
        from.execute("migrate_cancel");
        to.execute("migrate_cancel");
        assertThat(to.execute("query-migrate").path("status").asText()).isEqualTo("active");

        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        assertThat(to.execute("query-status").path("status").asText()).isEqualTo("running");
        assertThat(events(to)).containsExactly("setup", "active", "RESUME", "completed");
        quit(0, 0);
        assertThat(destination.out()).contains("match: ");
    }

    @Test
    void whoQuitsBeforeASourceHasComeHasCancelledNothing() throws IOException, InterruptedException {
        start();
        execute(to, "migrate-incoming", address());
        quit(0, 0);
        assertThat(destination.err()).contains("there was no migration");
    }

    @Test
    void aStreamCannotBecomeAPostcopy() throws IOException, InterruptedException {
        start();
        enable(from, "postcopy-ram", "pause-before-switchover");
        execute(from, "migrate-set-parameters", "{'__io.pageflip_mechanism': 'stream'}");
        migrate(from, to);
        awaitStatus(from, "pre-switchover");
        assertThatThrownBy(() -> from.execute("migrate-start-postcopy"))
                .hasMessageStartingWith("this migration, by 'stream', cannot become a postcopy");
        from.execute("quit");
        source.endsWith(1);
        to.execute("quit");
        destination.endsWith(1);
    }

    @ParameterizedTest
    @CsvSource({"stream, auto", "stream, stop-and-move", "flip, auto", "pull, postcopy"})
    void aMigrationWaitsBeforeTheSwitchover(String mechanism, String schedule)
            throws IOException, InterruptedException {
        start();
        enable(from, "events", "pause-before-switchover");
        execute(
                from,
                "migrate-set-parameters",
                "{'__io.pageflip_mechanism': '" + mechanism + "', '__io.pageflip_schedule': '" + schedule + "'}");
        migrate(from, to);

        awaitStatus(from, "pre-switchover");
        assertThat(events(from)).endsWith("STOP", "pre-switchover");
        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("finish-migrate");
        assertThatThrownBy(() -> execute(from, "migrate-continue", "{'state': 'device'}"))
                .hasMessage("Migration not in expected state: pre-switchover");
        execute(from, "migrate-continue", "{'state': 'pre-switchover'}");

        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        quit(0, 0);
        assertThat(destination.out()).contains("match: ");
    }

    @Test
    void whoCancelsBeforeTheSwitchoverKeepsTheGuest() throws IOException, InterruptedException {
        start();
        enable(from, "events", "pause-before-switchover");
        migrate(from, to);
        awaitStatus(from, "pre-switchover");
        from.execute("migrate_cancel");
        awaitStatus(from, "cancelled");
        assertThat(events(from)).contains("STOP", "cancelling").endsWith("RESUME", "cancelled");
        from.execute("quit");
        source.endsWith(1);
        assertThat(source.out()).contains("match: ");
        to.execute("quit");
        destination.end();
    }

    @Test
    void aPostcopyIsBrokenAndRecovered() throws IOException, InterruptedException {
        startWith("--ram=256M", "--workload=idle");
        enable(from, "events", "postcopy-ram");
        enable(to, "events", "postcopy-ram");
        execute(from, "migrate-set-parameters", "{'downtime-limit': 1, 'max-bandwidth': 2000000}");
        migrate(from, to);
        awaitStatus(from, "active");
        from.execute("migrate-start-postcopy");
        from.awaitEvent("postcopy-active", event -> event.is("MIGRATION", "status", "postcopy-active"));

        from.execute("migrate-pause");
        awaitStatus(from, "postcopy-paused");
        awaitStatus(to, "postcopy-paused");
        assertThat(to.execute("query-status").path("running").asBoolean()).isTrue();
        execute(to, "migrate-recover", address());
        execute(from, "migrate", address().replace("}", ", 'resume': true}"));

        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        assertThat(events(from)).contains("postcopy-active", "postcopy-paused").endsWith("completed");
        quit(0, 0);
        assertThat(destination.out()).contains("match: ", "while the connection to the source was broken: once");
    }

    @Test
    void aConnectionThatTheClientMadeIsUsed() throws IOException, InterruptedException {
        start();
        List<Fd> pair = UnixSocket.pair();
        try (Fd one = pair.get(0);
                Fd other = pair.get(1)) {
            from.close();
            to.close();
            pass("s.qmp", one);
            pass("d.qmp", other);
        }
        from = connect("s.qmp", source, "the guest runs");
        to = connect("d.qmp", destination, "waiting for commands");
        enable(from, "x-ignore-shared");
        execute(to, "migrate-incoming", "{'uri': 'fd:link'}");
        execute(from, "migrate", "{'uri': 'fd:link'}");
        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        quit(0, 0);
    }

    /**
     * As libvirt does it: the client connects to a destination that listens, and passes the connection to the source.
     */
    @Test
    void aSourceUsesAConnectionThatTheClientMadeToADestinationThatListens() throws IOException, InterruptedException {
        start();
        Path socket = pageflip.path("m.sock");
        execute(to, "migrate-incoming", "{'uri': 'unix:" + socket + "'}");
        Waiting.until("a destination that listens", () -> Files.exists(socket));
        from.close();
        try (UnixSocket connection = UnixSocket.connect(socket.toString())) {
            pass("s.qmp", connection.fd());
        }
        from = connect("s.qmp", source, "the guest runs");
        enable(from, "x-ignore-shared");
        execute(from, "migrate", "{'uri': 'fd:link'}");
        awaitStatus(from, "completed");
        awaitStatus(to, "completed");
        quit(0, 0);
    }

    /** A client that passes a descriptor, names it, and leaves. */
    private void pass(String socket, Fd descriptor) throws IOException {
        try (UnixSocket client = UnixSocket.connect(pageflip.path(socket).toString())) {
            byte[] text = ("{\"execute\":\"qmp_capabilities\"}"
                            + "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"link\"},\"id\":\"named\"}")
                    .getBytes(StandardCharsets.UTF_8);
            NativeBuffer buffer = NativeBuffer.allocate(text.length);
            buffer.bytes().put(0, text);
            client.send(buffer, text.length, List.of(descriptor), () -> {});
            StringBuilder said = new StringBuilder();
            NativeBuffer answer = NativeBuffer.allocate(4096);
            Waiting.until("an answer to getfd", () -> {
                if (client.awaitReadable(100)) {
                    int length = client.receive(answer, 0, 4096, new ArrayList<>());
                    byte[] bytes = new byte[length];
                    answer.bytes().get(0, bytes);
                    said.append(new String(bytes, StandardCharsets.UTF_8));
                }
                return said.indexOf("\"id\":\"named\"") > 0;
            });
            assertThat(said.toString()).contains("\"return\":{},\"id\":\"named\"");
        }
    }

    @Test
    void aGuestIsPausedAndResumed() throws IOException, InterruptedException {
        start();
        from.execute("stop");
        assertThat(from.execute("query-status").path("status").asText()).isEqualTo("paused");
        assertThatThrownBy(() -> execute(from, "migrate", address()))
                .hasMessage("the guest is paused; use 'cont' first");
        from.execute("cont");
        assertThat(events(from)).containsExactly("STOP", "RESUME");
        quit(0, 0);
        assertThat(source.err()).contains("there was no migration; verification of the guest: match");
    }

    /** A request, and the class and the description of the error. */
    private static final List<String> ERRORS = List.of(
            "{'execute': 'nope'}                          | CommandNotFound | The command nope has not been found",
            "{'execute': 'qmp_capabilities'}              | CommandNotFound | Capabilities negotiation is already complete, command ignored",
            "{'execute': 'migrate', 'arguments': {'uri': 7}} | GenericError | Invalid parameter type for 'uri', expected: string",
            "{'execute': 'migrate', 'arguments': {'blk': true}} | GenericError | Parameter 'blk' is unexpected",
            "{'execute': 'migrate', 'arguments': {'uri': 'foo:1'}} | GenericError | unknown migration protocol: foo:1",
            "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': [{'capability': 'nix', 'state': true}]}} | GenericError | Parameter 'capability' does not accept value 'nix'",
            "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': [{'capability': 'events'}]}} | GenericError | Parameter 'capabilities[0].state' is missing",
            "{'execute': 'migrate-set-parameters', 'arguments': {'downtime-limit': -1}} | GenericError | Parameter 'downtime-limit' expects an integer in the range of 1 to 2000000 milliseconds",
            "{'execute': 'migrate-set-parameters', 'arguments': {'downtime-limit': 1.5}} | GenericError | Invalid parameter type for 'downtime-limit', expected: integer",
            "{'execute': 'query-status', 'foo': 1}        | GenericError | QMP input member 'foo' is unexpected",
            "{'id': 1}                                    | GenericError | QMP input lacks member 'execute'",
            "[1]                                          | GenericError | QMP input must be a JSON object",
            "nonsense                                     | GenericError | JSON parse error, ",
            "{'exec-oob': 'query-status'}                 | GenericError | QMP input member 'exec-oob' is unexpected",
            "{'execute': 'migrate-start-postcopy'}        | GenericError | Enable postcopy with migrate_set_capability before the start of migration",
            "{'execute': 'migrate-pause'}                 | GenericError | migrate-pause is currently only supported during postcopy-active or postcopy-recover state",
            "{'execute': 'migrate-recover', 'arguments': {'uri': 'x'}} | GenericError | Migrate recover can only be run when postcopy is paused.",
            "{'execute': 'getfd', 'arguments': {'fdname': 'x'}} | GenericError | No file descriptor supplied via SCM_RIGHTS");

    @Test
    void errorsAreQemus() throws IOException {
        Run idle = pageflip.start("destination", "--qmp=unix:" + pageflip.path("e.qmp"))
                .awaitErr("waiting for commands");
        for (String row : ERRORS) {
            String[] parts = row.split(" *\\| *", -1);
            List<JsonNode> replies =
                    ask("{'execute': 'query-status'}{'execute': 'qmp_capabilities'}" + parts[0] + "\n");
            assertThat(replies.get(0).has("QMP")).isTrue();
            assertThat(replies.get(1).at("/error/desc").asText())
                    .isEqualTo("Expecting capabilities negotiation with 'qmp_capabilities'");
            assertThat(replies.get(2).has("return")).isTrue();
            assertThat(replies.get(3).at("/error/class").asText()).as(row).isEqualTo(parts[1]);
            assertThat(replies.get(3).at("/error/desc").asText()).as(row).startsWith(parts[2]);
        }
        assertThat(ask("{'execute': 'qmp_capabilities'}{'execute': 'quit', 'id': {'any': [1]}}"))
                .anySatisfy(reply -> assertThat(reply.path("id").toString()).isEqualTo("{\"any\":[1]}"));
        idle.endsWith(0);
    }

    /** A client that says this, and leaves when it has all answers. */
    private List<JsonNode> ask(String requests) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(pageflip.path("e.qmp")));
            write(channel, requests);
            channel.shutdownOutput();
            return readAll(channel);
        }
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static List<JsonNode> readAll(SocketChannel channel) throws IOException, JsonProcessingException {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
        while (channel.read(bytes) >= 0) {
            // until the server has closed the connection
        }
        List<JsonNode> replies = new ArrayList<>();
        for (String line : new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).split("\r\n", -1)) {
            if (!line.isEmpty()) {
                replies.add(JSON.readTree(line));
            }
        }
        return replies;
    }

    @Test
    void bothAgentsOfMigrateAreWatched() throws IOException, InterruptedException {
        Run migrate = pageflip.start(
                "migrate",
                "--ram=32M",
                "--qmp-source=" + pageflip.path("s.qmp"),
                "--qmp-destination=" + pageflip.path("d.qmp"),
                "--pause-before-switchover");
        QmpClient client =
                QmpClient.connect(pageflip.path("s.qmp"), NanoClock.SYSTEM, () -> {}, Waiting.LIMIT.toNanos());
        clients.add(client);
        enable(client, "events");
        awaitStatus(client, "pre-switchover");
        Run ctl = pageflip.start("ctl", pageflip.path("d.qmp").toString(), "info", "migrate")
                .endsWith(0);
        assertThat(ctl.out()).contains("Migration status: active");
        assertThatThrownBy(() -> execute(client, "migrate", address()))
                .isInstanceOf(QmpException.class)
                .hasMessage("this agent migrates once, as its command line says");
        execute(client, "migrate-continue", "{'state': 'pre-switchover'}");
        client.awaitEvent("the end", event -> event.name().equals("SHUTDOWN"));
        assertThat(events(client)).endsWith("device", "completed", "SHUTDOWN");
        migrate.endsWith(0);
        assertThat(migrate.out()).contains("match: ");
    }

    @Test
    void anAgentThatIsKilledLeavesNoSocket() throws IOException {
        Path socket = pageflip.path("s.qmp");
        pageflip.start("migrate", "--ram=16M", "--qmp-source=" + socket, "--source-fault=kill@ready")
                .end();
        assertThat(socket).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "source --pause-before-switchover           | add --qmp unix:PATH",
                "migrate --pause-before-switchover          | add --qmp-source PATH",
                "migrate --ping-pong --qmp-source=/tmp/x    | --ping-pong has agents that change their roles",
                "migrate --qmp-source=/tmp/x --qmp-destination=/tmp/x | both name /tmp/x",
                "source --qmp=x                             | 'x' is no address",
                "source --qmp=unix:/nowhere/x               | its folder does not exist",
                "source --qmp=unix:/tmp/x --adopt --backing=anonymous | --adopt is part of one migration",
                "ctl /tmp/x                                 | name a command",
                "ctl /nowhere help                          | there is no socket",
            })
    void whatMakesNoSenseIsRefused(String line, String said) throws IOException {
        assertThat(pageflip.start(List.of(line.split(" +", -1))).endsWith(2).err())
                .contains(said);
    }

    @Test
    void ctlIsForScripts() throws IOException, InterruptedException {
        start();
        from.close();
        to.close();
        String giver = pageflip.path("s.qmp").toString();
        String taker = pageflip.path("d.qmp").toString();
        String uri = "uri=unix:" + pageflip.path("m.sock");
        assertThat(pageflip.start("ctl", giver, "query-status", "--format=json")
                        .endsWith(0)
                        .out())
                .contains("\"status\" : \"running\"");
        pageflip.start("ctl", taker, "migrate-incoming", uri).endsWith(0);
        pageflip.start("ctl", giver, "migrate", uri, "--wait", "completed").endsWith(0);
        pageflip.start("ctl", taker, "--wait", "completed").endsWith(0);
        assertThat(pageflip.start("ctl", giver, "nope").endsWith(1).err())
                .isEqualTo("pageflip: CommandNotFound: The command nope has not been found\n");
        assertThat(pageflip.start("ctl", giver, "migrate", "uri").endsWith(2).err())
                .contains("'uri' is no argument; write KEY=VALUE");
        assertThat(pageflip.start("ctl", giver + "x", "help").endsWith(2).err()).contains("there is no socket");
        pageflip.start("ctl", giver, "quit").endsWith(0);
        pageflip.start("ctl", taker, "quit").endsWith(0);
        source.endsWith(0);
        destination.endsWith(0);
    }
}
