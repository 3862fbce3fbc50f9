package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.os.NanoClock;
import io.pageflip.qmp.QmpClient;
import io.pageflip.testkit.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests that are damaged at random, to an agent whose guest runs. */
final class DamagedRequestsIT {
    private static final int SEED = 12;
    private static final int BATCH = 50;
    private static final int BATCHES = 100;
    private static final int CONNECTIONS = 20;
    private static final long MOST_GROWTH_KIB = 32 << 10;

    /** All that neither ends the agent nor pauses its guest. %s is a socket that is not there. */
    private static final List<String> GOOD = List.of(
            "{\"execute\":\"query-status\",\"id\":{\"a\":[1,null,true]}}",
            "{\"execute\":\"query-migrate\"}",
            "{\"execute\":\"query-cpus-fast\"}",
            "{\"execute\":\"query-version\"}{\"execute\":\"query-name\"}",
            "{'execute':'query-migrate-parameters'}",
            "{'execute':'query-migrate-capabilities','arguments':{}}",
            "{'execute':'human-monitor-command','arguments':{'command-line':'info migrate','cpu-index':0}}",
            "{'execute':'migrate-set-parameters','arguments':{'downtime-limit':300,'max-bandwidth':100000000}}",
            "{'execute':'migrate-set-parameters','arguments':{'mode':'cpr-transfer','cpu-throttle-initial':40}}",
            "{'execute':'migrate-set-parameters','arguments':{'mode':'normal','__io.pageflip_mechanism':'flip'}}",
            "{'execute':'migrate-set-capabilities','arguments':{'capabilities':[{'capability':'events','state':true},"
                    + "{'capability':'postcopy-ram','state':false}]}}",
            "{'execute':'migrate','arguments':{'uri':'unix:%s'}}",
            "{'execute':'migrate','arguments':{'channels':[{'channel-type':'main','addr':"
                    + "{'transport':'socket','type':'unix','path':'%s'}}]}}",
            "{'execute':'migrate','arguments':{'uri':'fd:link','resume':true}}",
            "{'execute':'migrate-incoming','arguments':{'uri':'unix:%s'}}",
            "{'execute':'migrate_cancel'}",
            "{'execute':'migrate-start-postcopy'}",
            "{'execute':'migrate-continue','arguments':{'state':'pre-switchover'}}",
            "{\"exec-oob\":\"migrate-pause\"}",
            "{\"exec-oob\":\"migrate-recover\",\"arguments\":{\"uri\":\"unix:%s\"}}",
            "{'execute':'getfd','arguments':{'fdname':'link'}}",
            "{'execute':'closefd','arguments':{'fdname':'link'}}",
            "{'execute':'cont'}",
            "{'execute':'query-qmp-schema'}");

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private final Random random = new Random(SEED);
    private int closed;
    private long answered;

    @Test
    void theGuestRunsOnWhateverIsAsked() throws IOException, InterruptedException {
        // What leaks in the heap ends this agent; what leaks beside it is measured.
        pageflip.javaOptions(Installation.archiveOption(), "-Xmx64m");
        Run agent = pageflip.start("source", "--qmp=unix:" + pageflip.path("s.qmp"), "--ram=16M", "--workload=uniform")
                .awaitErr("waiting for commands");
        Heartbeat guest = Heartbeat.of(agent);

        for (int i = 0; i < CONNECTIONS / 4; i++) {
            assertServes();
        }
        long early = residentKib(agent);
        for (int i = 0; i < CONNECTIONS - CONNECTIONS / 4; i++) {
            assertServes();
        }

        assertThat(residentKib(agent) - early).as("growth in KiB").isLessThan(MOST_GROWTH_KIB);
        assertThat(closed).as("connections that the server closed").isLessThan(CONNECTIONS / 2);
        assertThat(answered).as("answers").isGreaterThan((long) CONNECTIONS * BATCHES * BATCH / 2);
        guest.awaitBeats();
        try (QmpClient client =
                QmpClient.connect(pageflip.path("s.qmp"), NanoClock.SYSTEM, () -> {}, Waiting.LIMIT_NS)) {
            assertThat(client.execute("query-status").path("running").asBoolean())
                    .isTrue();
            client.execute("quit");
        }
        agent.endsWith(1); // as its last migration had nowhere to go
        assertThat(agent.out()).contains("match: ");
    }

    private static long residentKib(Run agent) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(agent.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }

    /** A client that sends damaged requests, and asks now and then whether it is still heard. */
    private void assertServes() throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(pageflip.path("s.qmp")));
            write(
                    channel,
                    "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}".getBytes(StandardCharsets.UTF_8));
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            for (int i = 0; i < BATCHES; i++) {
                String name = "batch " + i;
                write(channel, damaged("{'execute':'query-name','id':'" + name + "'}"));
                awaitAnswer(channel, buffer, "\"id\":\"" + name + "\"");
            }
        } catch (IOException e) {
            closed++; // as it may
        }
    }

    private void awaitAnswer(SocketChannel channel, ByteBuffer buffer, String wanted) throws IOException {
        StringBuilder tail = new StringBuilder();
        while (tail.indexOf(wanted) < 0) {
            buffer.clear();
            if (channel.read(buffer) < 0) {
                throw new IOException("closed");
            }
            String text = StandardCharsets.UTF_8.decode(buffer.flip()).toString();
            answered += text.chars().filter(c -> c == '\n').count();
            tail.append(text);
            tail.delete(0, Math.max(0, tail.length() - text.length() - wanted.length()));
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** Some requests, of which most are damaged; a byte that makes the server forget what is open; and the last one. */
    private byte[] damaged(String last) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < BATCH; i++) {
            String good = GOOD.get(random.nextInt(GOOD.size()))
                    .replace("%s", pageflip.path("nobody").toString());
            byte[] one = good.getBytes(StandardCharsets.UTF_8);
            for (int damages = random.nextInt(3); damages > 0 && one.length > 0; damages--) {
                int at = random.nextInt(one.length);
                switch (random.nextInt(4)) {
                    case 0 -> one[at] = (byte) random.nextInt();
                    case 1 -> one[at] = one[random.nextInt(one.length)];
                    case 2 -> one = Arrays.copyOf(one, at);
                    default -> all.write(one, at, one.length - at);
                }
            }
            all.write(one);
        }
        all.write(0xff);
        all.write(last.getBytes(StandardCharsets.UTF_8));
        return all.toByteArray();
    }
}
