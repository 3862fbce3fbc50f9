package io.pageflip.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.testkit.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server, and clients that do what they like. */
final class QmpServerIT {
    private static final int REQUESTS = 100_000;
    private static final int SEED = 5;

    private static final List<String> GOOD = List.of(
            "{\"execute\":\"query-echo\",\"id\":1}",
            "{'execute':'query-echo','arguments':{'a':[1,2,{'b':'c'}]}}",
            "{\"exec-oob\":\"query-echo\"}",
            "[1,2,3]",
            "{\"execute\":\"nope\"}");

    @TempDir
    private Path folder;

    private Path path;
    private QmpServer server;

    /** Answers {@code query-echo} with its arguments, and nothing else. */
    private static final class Echo implements QmpCommands {
        @Override
        public ObjectNode version() {
            return JsonNodeFactory.instance.objectNode().put("package", "test");
        }

        @Override
        public JsonNode execute(String command, ObjectNode arguments, boolean outOfBand, Passed descriptors)
                throws QmpException {
            if (!command.equals("query-echo")) {
                throw new QmpException(new QmpError(QmpError.COMMAND_NOT_FOUND, command));
            }
            return arguments;
        }
    }

    @BeforeEach
    void start() throws IOException {
        path = folder.resolve("s.qmp");
        server = new QmpServer(UnixSocket.listen(path.toString()), path.toString(), new Echo());
        server.start();
    }

    @AfterEach
    void close() {
        server.close();
        assertThat(path).doesNotExist();
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        return channel;
    }

    private QmpClient client() throws IOException, InterruptedException {
        return QmpClient.connect(path, NanoClock.SYSTEM, () -> {}, Waiting.LIMIT_NS);
    }

    /** An honest client gets an answer. */
    private void assertServes() throws IOException, InterruptedException {
        try (QmpClient client = client()) {
            ObjectNode arguments = JsonNodeFactory.instance.objectNode().put("a", 7);
            assertThat(client.execute("query-echo", arguments)).isEqualTo(arguments);
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** Reads whatever comes until the connection ends. */
    private static Thread drain(SocketChannel channel) {
        Thread thread = new Thread(
                () -> {
                    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
                    try {
                        while (channel.read(buffer) >= 0) {
                            buffer.clear();
                        }
                    } catch (IOException e) {
                        // the test has closed it
                    }
                },
                "drain");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Test
    void damagedRequestsCostNothing() throws IOException, InterruptedException {
        Random random = new Random(SEED);
        assertServes();
        long threads = threads();
        long heap = heap();
        for (int sent = 0; sent < REQUESTS; ) {
            try (SocketChannel channel = connect()) {
                drain(channel);
                write(channel, "{\"execute\":\"qmp_capabilities\"}".getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < 400; i++) {
                    byte[] bytes = damaged(random);
                    write(channel, bytes);
                    sent += 20;
                }
            } catch (IOException e) {
                // The server has closed the connection, which it may: to a value that never ends, for instance.
            }
        }
        assertServes();
        Waiting.until("the end of the threads of earlier clients", () -> threads() <= threads);
        assertThat(heap() - heap).as("bytes of heap").isLessThan(8 << 20);
    }

    /** About 20 requests, of which some are damaged, and a byte that makes the server forget what is open. */
    private static byte[] damaged(Random random) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 20; i++) {
            byte[] one = GOOD.get(random.nextInt(GOOD.size())).getBytes(StandardCharsets.UTF_8);
            switch (random.nextInt(6)) {
                case 0 -> one[random.nextInt(one.length)] = (byte) random.nextInt();
                case 1 -> one = Arrays.copyOf(one, random.nextInt(one.length));
                case 2 -> all.write(one, 0, random.nextInt(one.length));
                default -> {
                    // as it is
                }
            }
            all.write(one);
        }
        all.write(0xff);
        return all.toByteArray();
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("qmp"))
                .count();
    }

    private static long heap() {
        Runtime runtime = Runtime.getRuntime();
        runtime.gc();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    @Test
    void theNextClientWaitsItsTurn() throws IOException, InterruptedException {
        QmpClient first = client();
        try (SocketChannel second = connect()) {
            second.configureBlocking(false);
            ByteBuffer greeting = ByteBuffer.allocate(4096);
            assertThat(first.execute("query-echo", JsonNodeFactory.instance.objectNode()))
                    .isEmpty();
            assertThat(second.read(greeting)).isZero();
            first.close();
            Waiting.until("a greeting for the second client", () -> second.read(greeting) > 0);
        }
    }

    @Test
    void whoDoesNotReadLosesTheConnection() throws IOException, InterruptedException {
        try (SocketChannel deaf = connect()) {
            write(deaf, "{\"execute\":\"qmp_capabilities\"}".getBytes(StandardCharsets.UTF_8));
            Waiting.until("the loss of a client that does not read", () -> {
                for (int i = 0; i < 10_000; i++) {
                    server.send(QmpEvent.at(1, "MIGRATION", MissingNode.getInstance()));
                }
                try {
                    write(deaf, "{\"execute\":\"query-echo\"}".getBytes(StandardCharsets.UTF_8));
                    return false;
                } catch (IOException e) {
                    return true;
                }
            });
        }
        assertServes();
    }

    @Test
    void whatNeverEndsIsRefused() throws IOException, InterruptedException {
        try (SocketChannel channel = connect()) {
            Thread drain = drain(channel);
            byte[] open = "[".repeat(1000).getBytes(StandardCharsets.UTF_8);
            write(channel, open);
            drain.join(Waiting.LIMIT_MS);
            assertThat(drain.isAlive()).as("the connection is open").isFalse();
        }
        assertServes();
    }
}
