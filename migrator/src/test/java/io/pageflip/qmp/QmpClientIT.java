package io.pageflip.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client, and a server that says what the test makes it say. */
final class QmpClientIT {
    private static final WaitGuard PATIENT = () -> {};
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 0, \"major\": 10},"
                    + " \"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n";

    @TempDir
    private Path folder = Path.of("unset");

    private final ExecutorService server = Executors.newSingleThreadExecutor();
    private ServerSocketChannel listener;

    private Path socket() {
        return folder.resolve("s");
    }

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket()));
    }

    @AfterEach
    void end() throws IOException {
        listener.close();
        server.shutdownNow();
    }

    /** Greets, and answers each command with the next of some answers; then closes the connection. */
    private Future<String> serve(String greeting, String... answers) {
        return server.submit(() -> {
            StringBuilder heard = new StringBuilder();
            try (SocketChannel peer = listener.accept()) {
                say(peer, greeting);
                for (String answer : answers) {
                    heard.append(hear(peer));
                    say(peer, answer);
                }
            }
            return heard.toString();
        });
    }

    private static void say(SocketChannel peer, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            peer.write(bytes);
        }
    }

    /** One line. */
    private static String hear(SocketChannel peer) throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (line.indexOf("\n") < 0 && peer.read(one) > 0) {
            line.append((char) one.flip().get());
            one.clear();
        }
        return line.toString();
    }

    private QmpClient connect() throws IOException, InterruptedException {
        return QmpClient.connect(socket(), NanoClock.SYSTEM, PATIENT, Waiting.LIMIT_NS);
    }

    @Test
    void commandsAreAnsweredWhateverComesBetween() throws IOException, InterruptedException, ExecutionException {
        Future<String> heard = serve(
                GREETING,
                "{\"return\": {}}",
                "{\"timestamp\": {\"seconds\": 3, \"microseconds\": 5}, \"event\": \"STOP\"}{\"return\":\n {\"status\": \"paused\"}}",
                "{\"error\": {\"class\": \"GenericError\", \"desc\": \"No\"}}");
        try (QmpClient client = connect()) {
            assertThat(client.version().at("/qemu/major").asInt()).isEqualTo(10);
            assertThat(client.execute("query-status").path("status").asText()).isEqualTo("paused");
            QmpEvent stop = client.awaitEvent("a stop", event -> event.name().equals("STOP"));
            assertThat(stop.timeUs()).isEqualTo(3_000_005);
            assertThat(stop.data().isMissingNode()).isTrue();
            assertThatThrownBy(() -> client.execute("nope"))
                    .isInstanceOfSatisfying(
                            QmpException.class,
                            e -> assertThat(e.error()).isEqualTo(new QmpError(QmpError.GENERIC, "No")));
        }
        assertThat(Waiting.result("what the server heard", heard)).isEqualToIgnoringNewLines("""
                        {"execute":"qmp_capabilities"}
                        {"execute":"query-status"}
                        {"execute":"nope"}
                        """);
    }

    @Test
    void aServerThatClosesOrTalksNonsenseEndsEveryWait() throws IOException, InterruptedException, ExecutionException {
        Future<String> nonsense = serve(GREETING, "{\"return\": {}}", "nonsense\r\n");
        try (QmpClient client = connect()) {
            assertThatThrownBy(() -> client.execute("query-status"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no JSON");
        }
        assertThat(Waiting.result("what the server heard", nonsense)).contains("query-status");
        Future<String> closes = serve(GREETING, "{\"return\": {}}");
        try (QmpClient client = connect()) {
            assertThatThrownBy(() -> client.awaitEvent("an event", event -> true))
                    .isInstanceOf(IOException.class)
                    .hasMessage("waiting for an event: the peer has closed the connection");
            client.awaitEnd();
        }
        assertThat(Waiting.result("what the server heard", closes)).contains("qmp_capabilities");
    }

    @Test
    void aServerThatIsSilentIsNotWaitedForWithoutEnd() {
        assertThatThrownBy(() -> QmpClient.connect(socket(), NanoClock.SYSTEM, PATIENT, 1_000_000))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("a greeting did not come within 1 ms");
        assertThatThrownBy(() -> QmpClient.connect(folder.resolve("nobody"), NanoClock.SYSTEM, PATIENT, 1_000_000))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no QMP server at ");
    }
}
