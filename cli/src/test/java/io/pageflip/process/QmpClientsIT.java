package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.process.RealClient.Kind;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A session of each client that people have for QEMU: one pair of agents, and a guest that goes to and fro between them
 * in every way. Clients are killed meanwhile, and others go on where those were.
 */
final class QmpClientsIT {
    private static final Set<String> ENDS = Set.of("completed", "failed", "cancelled");

    /** A round takes half a minute. */
    private static final String SLOW = "{'mode':'normal','downtime-limit':1,'max-bandwidth':2000000}";

    /** A round takes less than half a second. The guest writes more meanwhile than crosses in a downtime of 1 ms. */
    private static final String WITHOUT_END = "{'mode':'normal','downtime-limit':1,'max-bandwidth':200000000}";

    private static final String QUICK = "{'mode':'normal','downtime-limit':20000,'max-bandwidth':0}";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    /** An agent, and the client that is connected to it. */
    private final class Agent {
        private final Kind kind;
        private final String socket;
        private RealClient client;

        Agent(Kind kind, String socket) throws IOException {
            this.kind = kind;
            this.socket = socket;
            client = RealClient.connect(pageflip, kind, pageflip.path(socket));
        }

        /** Kills the client, and has another one take its place. */
        void replaceClient() throws IOException, InterruptedException {
            client.kill();
            client = RealClient.connect(pageflip, kind, pageflip.path(socket));
        }

        void set(String parameters, String... capabilities) throws IOException {
            List<String> all = new ArrayList<>();
            for (String name : List.of("postcopy-ram", "pause-before-switchover")) {
                boolean state = List.of(capabilities).contains(name);
                all.add("{'capability':'" + name + "','state':" + state + "}");
            }
            client.ok("migrate-set-capabilities", "{'capabilities':[" + String.join(",", all) + "]}");
            client.ok("migrate-set-parameters", parameters);
        }

        String runState() throws IOException {
            return client.ok("query-status").path("status").asText();
        }

        JsonNode awaitStatus(String wanted) {
            JsonNode[] last = new JsonNode[1];
            Waiting.until("status " + wanted, () -> {
                last[0] = client.ok("query-migrate");
                String now = last[0].path("status").asText();
                assertThat(now.equals(wanted) || !ENDS.contains(now))
                        .as("%s comes before the end: %s", wanted, last[0])
                        .isTrue();
                return now.equals(wanted);
            });
            return last[0];
        }

        /** Waits until the last of these events has come; all must have, and no other. */
        void awaitEvents(String... wanted) throws IOException {
            client.awaitEvent(wanted[wanted.length - 1]);
            assertThat(client.events()).containsExactly(wanted);
        }

        void quit() throws IOException {
            client.ok("quit");
            client.close();
        }
    }

    private String address() {
        return "{'uri':'unix:" + pageflip.path("m.sock") + "'}";
    }

    private void migrate(Agent giver, Agent taker, String address) throws IOException {
        giver.client.forgetEvents();
        taker.client.forgetEvents();
        assertThat(taker.client.ok("migrate-incoming", address)).isEmpty();
        assertThat(giver.client.ok("migrate", address)).isEmpty();
    }

    private static JsonNode awaitEnd(Agent giver, Agent taker) throws IOException {
        JsonNode completed = giver.awaitStatus("completed");
        assertThat(completed.path("__io.pageflip_owner").asText()).isEqualTo("destination");
        assertThat(completed.path("downtime").isIntegralNumber()).isTrue();
        assertThat(completed.path("total-time").asLong())
                .isGreaterThanOrEqualTo(completed.path("downtime").asLong());
        taker.awaitStatus("completed");
        assertThat(taker.runState()).isEqualTo("running");
        assertThat(giver.runState()).isEqualTo("postmigrate");
        return completed;
    }

    @ParameterizedTest
    @EnumSource
    void aSessionOfEachClient(Kind kind) throws IOException, InterruptedException {
        kind.need();
        Run giving = pageflip.start(
                "source",
                "--qmp=unix:" + pageflip.path("s.qmp"),
                "--ram=64M",
                "--workload=uniform",
                "--dirty-rate=50K",
                "--run-after=0.05",
                "--format=json");
        Run taking = pageflip.start(
                "destination",
                "--qmp=unix:" + pageflip.path("d.qmp"),
                "--run-after=0.05",
                "--late-batch=1",
                "--format=json");
        giving.awaitErr("waiting for commands");
        taking.awaitErr("waiting for commands");
        negotiates(kind);
        Agent one = new Agent(kind, "s.qmp");
        Agent other = new Agent(kind, "d.qmp");
        for (Agent agent : List.of(one, other)) {
            agent.client.ok("migrate-set-capabilities", "{'capabilities':[{'capability':'events','state':true}]}");
        }

        greets(one, other);
        refuses(one);
        handsOver(one, other);
        hasAPrecopyConverge(other, one);
        breaksAndRepairsAPostcopy(one, other);
        pausesBeforeTheSwitchover(other, one);
        cancels(one, other);

        one.quit();
        other.quit();
        giving.endsWith(1);
        taking.endsWith(1);
        Report.ofAgent(giving.out()).assertLivesOnAtSource("cancelled");
        assertThat(Report.ofAgent(taking.out()).run().path("status").asText()).isEqualTo("failed");
    }

    private void negotiates(Kind kind) throws IOException {
        if (kind.canSkipNegotiation()) {
            RealClient client = RealClient.connectOnly(pageflip, kind, pageflip.path("d.qmp"));
            assertError(
                    client.execute("query-status", "{}"),
                    "CommandNotFound",
                    "Expecting capabilities negotiation with 'qmp_capabilities'");
            client.ok("qmp_capabilities");
            assertError(
                    client.execute("qmp_capabilities", "{}"),
                    "CommandNotFound",
                    "Capabilities negotiation is already complete, command ignored");
            client.close();
        }
        if (kind == Kind.QMP_SHELL) {
            RealClient monitor = RealClient.connectToMonitor(pageflip, pageflip.path("d.qmp"));
            monitor.write("info status\n");
            Waiting.until("the status", () -> monitor.said().contains("VM status: "));
            monitor.close();
        }
    }

    private static void greets(Agent giver, Agent taker) throws IOException {
        if (giver.kind == Kind.QMP_SHELL) {
            assertThat(giver.client.said()).contains("Connected to QEMU ");
        }
        assertThat(giver.client.ok("query-version").path("package").asText()).startsWith("pageflip ");
        assertThat(giver.client.ok("query-commands"))
                .extracting(command -> command.path("name").asText())
                .contains("migrate", "migrate-incoming", "migrate_cancel", "query-migrate", "quit");
        assertThat(giver.client.ok("query-qmp-schema")).hasSizeGreaterThan(50);
        assertThat(giver.client
                        .ok("human-monitor-command", "{'command-line':'help'}")
                        .asText())
                .contains("info migrate");
        assertThat(giver.client.ok("query-migrate")).isEmpty();
        assertThat(giver.client.ok("query-cpus-fast")).hasSize(1);
        assertThat(giver.runState()).isEqualTo("running");
        assertThat(taker.runState()).isEqualTo("inmigrate");
    }

    private static void refuses(Agent agent) throws IOException {
        RealClient client = agent.client;
        assertError(client.execute("nope", "{}"), "CommandNotFound", "The command nope has not been found");
        assertGenericError(
                client.execute("migrate", "{'uri':7}"), "Invalid parameter type for 'uri', expected: string");
        assertGenericError(client.execute("migrate", "{'uri':'unix:/x','blk':true}"), "Parameter 'blk' is unexpected");
        assertGenericError(client.execute("migrate", "{'uri':'foo:1'}"), "unknown migration protocol: foo:1");
        assertGenericError(
                client.execute("migrate-set-capabilities", "{'capabilities':[{'capability':'nix','state':true}]}"),
                "Parameter 'capability' does not accept value 'nix'");
        assertGenericError(
                client.execute("migrate-pause", "{}"),
                "migrate-pause is currently only supported during postcopy-active or postcopy-recover state");
        assertGenericError(
                client.execute("migrate-recover", "{'uri':'unix:/x'}"),
                "Migrate recover can only be run when postcopy is paused.");
        assertThat(client.ok("migrate_cancel")).isEmpty();
        String ours = "{'__io.pageflip_mechanism':'auto'}";
        if (agent.kind == Kind.QMP_SHELL) { // which takes the dot for that between an object and its member
            assertGenericError(client.execute("migrate-set-parameters", ours), "Parameter '__io' is unexpected");
        } else {
            assertThat(client.ok("migrate-set-parameters", ours)).isEmpty();
        }
        if (agent.kind.canOutOfBand()) {
            assertGenericError(
                    client.executeOutOfBand("query-status", "{}"), "The command query-status does not support OOB");
        }
        if (agent.kind == Kind.SOCAT) {
            refusesWhatIsNoRequest(client);
        }
    }

    /** What the other clients are too polite to send. */
    private static void refusesWhatIsNoRequest(RealClient client) throws IOException {
        for (List<String> each : List.of(
                List.of("{'execute':'query-status','foo':1}", "QMP input member 'foo' is unexpected"),
                List.of("{'arguments':{}}", "QMP input lacks member 'execute'"),
                List.of("[1]\n", "QMP input must be a JSON object"),
                List.of("nonsense\n", "JSON parse error, "))) {
            client.write(each.get(0));
            assertGenericError(client.reply(each.get(0)), each.get(1));
        }
        client.write("{'execute':'query-name','id':[{'a':null}]}{\"execute\":\"query-name\",\"id\":2}");
        assertThat(client.reply("the first").path("id").toString()).isEqualTo("[{\"a\":null}]");
        assertThat(client.reply("the second").path("id").asInt()).isEqualTo(2);
    }

    private static void assertGenericError(ObjectNode reply, String description) {
        assertError(reply, "GenericError", description);
    }

    private static void assertError(ObjectNode reply, String kind, String description) {
        assertThat(reply.at("/error/class").asText()).as("%s", reply).isEqualTo(kind);
        assertThat(reply.at("/error/desc").asText()).startsWith(description);
    }

    private void handsOver(Agent giver, Agent taker) throws IOException {
        giver.set("{'mode':'cpr-transfer'}");
        String socket = "{'transport':'socket','type':'unix','path':'" + pageflip.path("m.sock") + "'}";

        migrate(
                giver,
                taker,
                "{'channels':[{'channel-type':'main','addr':" + socket + "},{'channel-type':'cpr','addr':" + socket
                        + "}]}");

        JsonNode completed = awaitEnd(giver, taker);
        assertThat(completed.at("/__io.pageflip_pages/moved").asLong()).isGreaterThanOrEqualTo(64 << 8);
        assertThat(completed.path("__io.pageflip_downtime-ns").asLong()).isPositive();
        giver.awaitEvents("setup", "active", "STOP", "device", "completed");
        taker.awaitEvents("setup", "active", "RESUME", "completed");
    }

    /** A client is killed while the precopy runs, and the next one has it converge. */
    private void hasAPrecopyConverge(Agent giver, Agent taker) throws IOException, InterruptedException {
        giver.set(WITHOUT_END);
        migrate(giver, taker, address());
        giver.client.awaitEvent("MIGRATION_PASS 2");
        assertThat(giver.client.events()).startsWith("setup", "active", "MIGRATION_PASS 2");
        giver.client.ok("migrate-set-parameters", SLOW); // so that it is surely in the middle in what follows

        giver.replaceClient();

        JsonNode active = giver.client.ok("query-migrate");
        assertThat(active.path("status").asText()).isEqualTo("active");
        assertThat(active.at("/ram/dirty-sync-count").asInt()).isGreaterThanOrEqualTo(2);
        assertThat(active.at("/ram/transferred").asLong()).isGreaterThan(64 << 20);
        assertThat(active.path("expected-downtime").asLong()).isGreaterThan(1);
        giver.client.ok("migrate-set-parameters", QUICK);
        JsonNode completed = awaitEnd(giver, taker);
        assertThat(completed.at("/__io.pageflip_pages/moved").asLong()).isZero();
        giver.client.awaitEvent("completed");
        assertThat(giver.client.events()).endsWith("STOP", "device", "completed");
        taker.awaitEvents("setup", "active", "RESUME", "completed");
    }

    /** At the destination, and out of band; at the source by a client that cannot do that. */
    private void breaksAndRepairsAPostcopy(Agent giver, Agent taker) throws IOException {
        giver.set(SLOW, "postcopy-ram");
        migrate(giver, taker, address());
        giver.awaitStatus("active");
        giver.client.ok("migrate-start-postcopy");
        Agent breaks = giver.kind.canOutOfBand() ? taker : giver;
        breaks.client.awaitEvent("postcopy-active");

        ObjectNode broken = giver.kind.canOutOfBand()
                ? breaks.client.executeOutOfBand("migrate-pause", "{}")
                : breaks.client.execute("migrate-pause", "{}");

        assertThat(broken.path("return").isObject()).as("%s", broken).isTrue();
        giver.awaitStatus("postcopy-paused");
        taker.awaitStatus("postcopy-paused");
        assertThat(taker.runState()).isEqualTo("running");
        if (giver.kind.canOutOfBand()) {
            assertThat(taker.client.executeOutOfBand("migrate-recover", address()))
                    .as("a repair")
                    .hasToString("{\"return\":{}}");
        } else {
            giver.client.ok("migrate", address().replace("}", ",'resume':true}"));
        }
        awaitEnd(giver, taker);
        for (Agent agent : List.of(giver, taker)) {
            agent.client.awaitEvent("completed");
            assertThat(agent.client.events())
                    .containsSubsequence(
                            "postcopy-active", "postcopy-paused", "postcopy-recover", "postcopy-active", "completed");
        }
    }

    /** Both clients are killed while the guest is paused, and nothing changes for it; then others have it go on. */
    private void pausesBeforeTheSwitchover(Agent giver, Agent taker) throws IOException, InterruptedException {
        giver.set(QUICK, "pause-before-switchover");
        migrate(giver, taker, address());
        giver.awaitStatus("pre-switchover");
        giver.client.awaitEvent("pre-switchover");
        assertThat(giver.client.events()).endsWith("STOP", "pre-switchover");

        giver.replaceClient();
        taker.replaceClient();

        assertThat(giver.client.ok("query-migrate").path("status").asText()).isEqualTo("pre-switchover");
        assertThat(giver.runState()).isEqualTo("finish-migrate");
        assertThat(taker.runState()).isEqualTo("inmigrate");
        assertGenericError(
                giver.client.execute("migrate-continue", "{'state':'device'}"), "Migration not in expected state: ");
        giver.client.ok("migrate-continue", "{'state':'pre-switchover'}");
        awaitEnd(giver, taker);
        giver.awaitEvents("device", "completed");
        taker.awaitEvents("RESUME", "completed");
    }

    /** Clients are killed that wait for a reply, or have sent half a request; then one cancels. */
    private void cancels(Agent giver, Agent taker) throws IOException, InterruptedException {
        giver.set(SLOW);
        migrate(giver, taker, address());
        giver.awaitStatus("active");

        giver.client.tell("query-qmp-schema", "{}");
        giver.replaceClient();
        if (giver.kind == Kind.SOCAT) {
            giver.client.write("{'execute':'migrate_ca");
            giver.replaceClient();
        }

        assertThat(giver.client.ok("query-migrate").path("status").asText()).isEqualTo("active");
        assertThat(giver.client.ok("migrate_cancel")).isEmpty();
        assertThat(giver.awaitStatus("cancelled").path("error-desc").asText()).contains("migrate_cancel");
        taker.awaitStatus("failed");
        assertThat(giver.runState()).isEqualTo("running");
        giver.client.awaitEvent("cancelled");
        assertThat(giver.client.events())
                .containsSubsequence("cancelling", "cancelled")
                .doesNotContain("STOP");
    }
}
