package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code pageflip destination --listen} and {@code pageflip source --connect}, and what else may come to the socket.
 */
final class TwoTerminalsIT {
    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @ParameterizedTest
    @CsvSource({"flip, unix", "stream, pipe"})
    void bothTellHowItWent(String mechanism, String channel) throws IOException {
        Path socket = pageflip.path("m.sock");
        Run destination = pageflip.start("destination", "--listen", "unix:" + socket, "--run-after", "0.05")
                .awaitErr("waiting for a source at unix:" + socket);
        assertThat(Files.getPosixFilePermissions(socket)).isEqualTo(PosixFilePermissions.fromString("rw-------"));

        Run source = pageflip.start(
                        "source",
                        "--connect",
                        "unix:" + socket,
                        "--ram=16M",
                        "--mechanism=" + mechanism,
                        "--channel=" + channel)
                .endsWith(0);
        destination.endsWith(0);

        assertThat(socket).doesNotExist();
        for (Run agent : List.of(source, destination)) {
            assertThat(agent.out())
                    .contains("completed: the guest is at the destination", "match: ", "\nguest         ran ");
        }
        assertThat(source.err()).isEmpty();
        assertThat(destination.err().lines()).hasSize(1);
    }

    /** One line each, and the destination serves the next one. */
    @Test
    void whoeverIsNoSourceIsIgnored() throws IOException {
        Path socket = pageflip.path("m.sock");
        Run destination = pageflip.start("destination", "--listen", "unix:" + socket, "--run-after", "0.05")
                .awaitErr("waiting for a source");

        say(socket, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        awaitIgnored(destination, 1, "not with \"PGFL\"");
        say(socket, new byte[0]);
        awaitIgnored(destination, 2, "closed without a greeting");
        say(socket, frame(FrameType.HELLO.code(), 5000, new byte[0]));
        awaitIgnored(destination, 3, "a HELLO frame of 5000 bytes; at most 4096 are allowed");
        say(socket, frame(FrameType.HELLO.code(), -1, new byte[0]));
        awaitIgnored(destination, 4, "a HELLO frame of -1 bytes");
        say(socket, frame(FrameType.HELLO.code(), 100, new byte[50]));
        awaitIgnored(destination, 5, "closed without a greeting");
        say(socket, frame(99, 0, new byte[0]));
        awaitIgnored(destination, 6, "frame of unknown type 99");
        say(socket, frame(FrameType.GIFT.code(), 16, new byte[16]));
        awaitIgnored(destination, 7, "starts with GIFT, not with HELLO");
        int other = Message.Hello.VERSION + 1;
        String answer = say(socket, frame(FrameType.HELLO.code(), 2, new byte[] {(byte) other, 0}));
        awaitIgnored(destination, 8, "protocol version " + other);
        assertThat(answer).as("what a source of another version hears").contains("use the same pageflip on both sides");
        say(socket, frame(FrameType.HELLO.code(), 2, new byte[] {Message.Hello.VERSION, 0}));
        awaitIgnored(destination, 9, "HELLO");

        assertThat(destination.process().isAlive()).isTrue();
        pageflip.start("source", "--connect", "unix:" + socket, "--ram=16M").endsWith(0);
        destination.endsWith(0);
        assertThat(destination.out()).contains("completed: the guest is at the destination", "match: ");
        assertThat(destination.err().lines()).as("%s", destination).hasSize(1 + 9);
    }

    private static void awaitIgnored(Run destination, int number, String why) {
        Waiting.untilAsserted("line " + number + " about who was ignored", () -> {
            List<String> lines = destination.err().lines().toList();
            assertThat(lines).as("%s", destination).hasSizeGreaterThan(number);
            assertThat(lines.get(number))
                    .startsWith("pageflip destination: ignored: ")
                    .contains(why);
        });
    }

    /** Connects, says something, says no more, and returns what is answered. */
    private static String say(Path socket, byte[] bytes) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap(bytes));
            channel.shutdownOutput();
            ByteBuffer answer = ByteBuffer.allocate(FrameHeader.BYTES + FrameType.FAILED.maxBody());
            try {
                while (channel.read(answer) >= 0) {
                    // until it hangs up
                }
            } catch (IOException e) {
                // Bytes that it had not read when it hung up: a reset, which tells as much.
                assertThat(e).hasMessageContaining("reset");
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] frame(int type, int length, byte[] body) {
        return ByteBuffer.allocate(FrameHeader.BYTES + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("PGFL".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) type)
                .putShort((short) 0)
                .putInt(length)
                .put(body)
                .array();
    }

    @Test
    void aPathThatCannotBeListenedAtIsRefused() throws IOException {
        Path taken = Files.createFile(pageflip.path("taken"));
        String longName = "x".repeat(120);

        assertRefused(listen(taken), "a file that is no socket is there already");
        assertRefused(listen(pageflip.path("nowhere/m.sock")), "its folder does not exist");
        assertRefused(listen(pageflip.path(longName)), "a socket's path has at most 107 bytes");
        assertThat(taken).as("is not ours to remove").exists();
    }

    @Test
    void aFolderThatThisUserMayNotWriteToIsRefused() throws IOException {
        Path folder = Files.createDirectory(pageflip.path("locked"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));

        Run run = pageflip.startCommand(Host.asOrdinaryUser(
                Pageflip.launcher().toString(), "destination", "--listen", "unix:" + folder.resolve("m.sock")));

        assertRefused(run, "this user may not write to its folder");
    }

    @Test
    void whereNobodyListensIsNoDestination() throws IOException {
        Path stale = pageflip.path("stale.sock");
        try (var server = java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(stale)); // closing it does not remove the path
        }

        assertRefused(connect(pageflip.path("m.sock")), "nobody listens there (ENOENT)");
        assertRefused(connect(stale), "nobody listens there (ECONNREFUSED)");
        assertRefused(connect(Files.createFile(pageflip.path("plain"))), "it is a plain file, not the socket");
        assertRefused(connect(pageflip.path("plain").getParent()), "it is a folder, not the socket");
    }

    /** What a destination that was killed has left is no reason to refuse the next one. */
    @Test
    void aSocketThatAKilledDestinationLeftIsReplaced() throws Exception {
        Path socket = pageflip.path("m.sock");
        Run killed = listen(socket);
        killed.awaitErr("waiting for a source");
        killed.signal("KILL");
        killed.endsWith(137);
        assertThat(socket).exists();

        Run destination = listen(socket);
        destination.awaitErr("waiting for a source");
        assertRefused(listen(socket), "listens there already; name another path");
        connect(socket).endsWith(0);
        destination.endsWith(0);
    }

    private Run listen(Path path) throws IOException {
        return pageflip.start("destination", "--listen", "unix:" + path);
    }

    private Run connect(Path path) throws IOException {
        return pageflip.start("source", "--ram=16M", "--connect", "unix:" + path);
    }

    private static void assertRefused(Run run, String why) {
        run.endsWith(2);
        assertThat(run.out()).isEmpty();
        List<String> lines = run.err().lines().toList();
        assertThat(lines).as("%s", run).hasSize(2);
        assertThat(lines.get(0)).startsWith("pageflip: --").contains(why);
        assertThat(lines.get(1)).startsWith("Try 'pageflip ");
    }
}
