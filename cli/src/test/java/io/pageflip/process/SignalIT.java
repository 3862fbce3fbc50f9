package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.os.UnixSocket;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * SIGINT and SIGTERM end a migration in an orderly way: before the epoch changes the guest stays at the source, after
 * it it is the destination's; the exit code and one line say which.
 */
final class SignalIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @CsvSource({"flip, source", "flip, destination", "stream, source"})
    void anAgentThatIsAskedEarlyLeavesTheGuestAtTheSource(String mechanism, String agent) throws IOException {
        Outcome outcome = migrate(mechanism, agent, "term@ready");

        assertThat(outcome.destinationCode()).isEqualTo(1);
        assertThat(outcome.sourceCode()).isEqualTo(1);
        outcome.source().assertLivesOnAtSource(agent.equals("source") ? "cancelled" : "failed");
    }

    /** The signal and the last steps race; whoever wins, one agent has the guest, whole, and both say the same. */
    @ParameterizedTest
    @CsvSource({
        "flip,   source,      half-pages",
        "flip,   source,      state",
        "flip,   source,      released",
        "flip,   destination, half-pages",
        "flip,   destination, released",
        "flip,   destination, locked",
        "stream, destination, half-pages",
    })
    void anAgentThatIsAskedInBetweenLeavesTheGuestToOne(String mechanism, String agent, String step)
            throws IOException {
        Outcome outcome = migrate(mechanism, agent, "term@" + step);

        if (outcome.sourceCode() == 0) {
            outcome.assertIsAtDestination();
        } else {
            assertThat(outcome.destinationCode()).as("%s", outcome).isEqualTo(1);
            JsonNode result = outcome.source().run();
            assertThat(result.path("owner").asText()).isEqualTo("source");
            assertThat(result.at("/verification/status").asText()).isEqualTo("match");
            assertThat(result.at("/verification/console").asBoolean()).isTrue();
            assertThat(outcome.destination().run().has("verification")).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"destination, claimed", "destination, resumed", "source, resumed"})
    void anAgentThatIsAskedLateLeavesTheGuestAtTheDestination(String agent, String step) throws IOException {
        migrate("flip", agent, "term@" + step).assertIsAtDestination();
    }

    /** What became of both agents. */
    private record Outcome(int sourceCode, Report source, int destinationCode, Report destination) {
        void assertIsAtDestination() {
            assertThat(sourceCode).as("%s", this).isZero();
            assertThat(destinationCode).as("%s", this).isZero();
            for (Report report : List.of(source, destination)) {
                JsonNode result = report.run();
                assertThat(result.path("owner").asText()).isEqualTo("destination");
                assertThat(result.at("/verification/status").asText()).isEqualTo("match");
                assertThat(result.at("/verification/console").asBoolean()).isTrue();
            }
        }
    }

    /** A migration one of whose agents asks itself to end; that one is a process. */
    private Outcome migrate(String mechanism, String agent, String fault) throws IOException {
        List<String> source = new ArrayList<>(Pageflip.SMALL);
        source.addAll(List.of("--mechanism", mechanism, "--format", "json"));
        List<String> destination = new ArrayList<>(List.of("--run-after", "0.05", "--format", "json"));
        boolean atSource = agent.equals("source");
        (atSource ? source : destination).addAll(List.of("--fault", fault));
        Pageflip.Halves agents =
                atSource ? pageflip.destinationHere(source, destination) : pageflip.sourceHere(source, destination);
        int there = agents.there().end();
        int here = agents.here().end();
        Report thereSaid = Report.ofAgent(agents.there().out());
        Report hereSaid = Report.ofAgent(agents.here().out());
        return atSource ? new Outcome(there, thereSaid, here, hereSaid) : new Outcome(here, hereSaid, there, thereSaid);
    }

    @Test
    void migrateSaysThatAnAgentWasAskedToEnd() throws IOException {
        List<String> arguments = new ArrayList<>(List.of("migrate", "--format", "json"));
        arguments.addAll(Pageflip.SMALL);
        arguments.addAll(List.of("--source-fault", "term@ready"));

        Run run = pageflip.start(arguments).endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("cancelled");
        assertThat(run.err().lines()).singleElement().asString().contains("the guest stays at the source: ");
    }

    @Test
    void migrateThatIsAskedWhileTheGuestRunsAtTheDestinationEndsSoon() throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=1000", "--progress=always")
                .awaitErr("guest runs");

        run.signal("INT");
        run.endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ");
    }

    /** However late the signal comes, the source waits for it before it makes a guest. */
    @ParameterizedTest
    @CsvSource({"INT, starting", "TERM, filling guest RAM"})
    void migrateThatIsAskedBeforeThereIsAGuestSaysSo(String signal, String phase) throws Exception {
        Run run = pageflip.start(
                        "migrate", "--ram=16M", "--run-after=0.05", "--progress=always", "--source-fault=wait@filling")
                .awaitErr(phase);

        run.signal(signal);
        run.endsWith(1);

        assertThat(run.err()).contains("pageflip: cancelled: there was no guest yet: ");
        assertThat(run.out()).contains("cancelled: there was no guest yet: ");
    }

    @Test
    void aPingPongThatIsAskedBeforeThereIsAGuestSaysSoOnce() throws Exception {
        Run run = pageflip.start(
                        "migrate", "--ping-pong", "--runs=3", "--ram=16M", "--format=json", "--progress=always")
                .awaitErr("starting");

        run.signal("INT");
        run.endsWith(1);

        assertThat(Report.parse(run.out()).at("/runs")).hasSize(1);
    }

    /** The guest is gone, and the report does not come: the source need not wait for it. */
    @Test
    void aSourceThatOnlyWaitsForAReportEndsSoon() throws Exception {
        Pageflip.Agents agents =
                pageflip.agents(Pageflip.SMALL, List.of("--run-after", "0.05", "--fault", "stop@resumed"));
        agents.destination().awaitStopped();

        agents.source().signal("TERM");
        agents.source().endsWith(0);

        assertThat(agents.source().out())
                .contains(
                        "completed: the guest is at the destination: its report did not come before this source ended");
        agents.destination().signal("CONT");
        agents.destination().endsWith(0);
    }

    /** A socket whose listener accepts nobody. */
    @Test
    void aSourceThatCannotConnectCanBeEnded() throws Exception {
        Path path = pageflip.path("full.sock");
        List<UnixSocket> waiting = new ArrayList<>();
        try (UnixSocket listener = UnixSocket.listen(path.toString())) {
            assertThat(listener.fd().isOpen()).isTrue();
            assertThatThrownBy(() -> {
                        while (true) {
                            waiting.add(UnixSocket.connect(path.toString()));
                        }
                    })
                    .hasMessageEndingWith("EAGAIN");
            Run run = pageflip.start("source", "--connect", "unix:" + path, "--ram", "16M", "--progress", "always")
                    .awaitErr("waiting for the other agent");
            run.signal("INT");
            run.endsWith(1);
            assertThat(run.out()).contains("cancelled: there was no guest yet");
        } finally {
            waiting.forEach(UnixSocket::close);
            UnixSocket.unlink(path.toString());
        }
    }

    /** The limit of the switchover would keep it for a quarter of an hour. */
    @Test
    void aSourceDoesNotWaitForAStoppedHolderOfTheLock() throws Exception {
        List<String> source = new ArrayList<>(Pageflip.SMALL);
        source.addAll(List.of("--switchover-timeout", "900"));
        Pageflip.Agents agents = pageflip.agents(source, List.of("--fault", "stop@locked"));
        agents.destination().awaitStopped();

        agents.source().signal("TERM");
        agents.source().endsWith(1);

        assertThat(agents.source().out()).contains("cancelled: the guest stays at the source", "match: ");
        agents.destination().signal("CONT");
        agents.destination().endsWith(1);
    }

    /** It cannot answer, and the guest is not its own. */
    @Test
    void aMigrationWithAStoppedDestinationCanBeEnded() throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=0.05", "--destination-fault=stop@ready");
        Waiting.until(
                "a destination that is stopped",
                () -> run.process().descendants().anyMatch(Run::isStopped));

        run.signal("TERM");
        run.endsWith(1);

        assertThat(run.out()).contains("cancelled: the guest stays at the source", "match: ");
    }

    /** A guest that is stopped for good ends with the migration: that is a loss, and said so. */
    @ParameterizedTest
    @ValueSource(strings = {"", "--ping-pong --runs=3"})
    void aMigrationWithAStoppedOwnerEndsInTheEnd(String options) throws Exception {
        Run run = pageflip.shell(
                "exec \"$PAGEFLIP\" migrate --ram 16M --run-after 0.05 --destination-fault stop@resumed " + options);
        Waiting.until(
                "a destination that is stopped",
                () -> run.process().descendants().anyMatch(Run::isStopped));

        run.signal("TERM");
        run.endsWith(5);

        assertThat(run.err()).contains("lost: nobody has the guest: ");
    }

    /** Nobody writes what it reads: that is one system call, which no cancellation reaches. */
    @Test
    void aCommandThatHangsInASystemCallCanBeEnded() throws Exception {
        Path fifo = pageflip.path("report.json");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        try (RandomAccessFile silent = new RandomAccessFile(fifo.toFile(), "rw")) {
            assertThat(silent.getFD().valid()).isTrue();
            Run run = pageflip.start("report", fifo.toString(), "--export-html", "/dev/null");
            Waiting.until("a command that reads", () -> run.hasOpen(fifo));

            run.signal("TERM");
            run.endsWith(1);

            assertThat(run.err()).contains("pageflip: cancelled: ");
        }
        Files.delete(fifo);
    }

    @Test
    void aDestinationThatWaitsForNobodyCanBeEnded() throws Exception {
        Run run = pageflip.start("destination", "--listen", "unix:" + pageflip.path("m.sock"))
                .awaitErr("waiting for a source");

        run.signal("INT");
        run.endsWith(1);

        assertThat(pageflip.path("m.sock")).doesNotExist();
        assertThat(run.err() + run.out()).contains("cancelled").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"starting", "guest runs"})
    void noAgentOutlivesWhoeverStartedIt(String phase) throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=1000", "--progress=always")
                .awaitErr(phase);

        run.signal("KILL");
        run.process().onExit().join();

        Waiting.until("end of both agents", () -> pageflip.alive().isEmpty());
    }
}
