package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * SIGINT and SIGTERM end a migration in an orderly way: before the epoch changes the guest stays at the source, after it it is
 * the destination's; the exit code and one line say which.
 */
final class SignalIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @CsvSource({
        "flip,   --source-fault,      ready",
        "flip,   --destination-fault, ready",
        "stream, --source-fault,      ready",
    })
    void anAgentThatIsAskedEarlyLeavesTheGuestAtTheSource(String mechanism, String agent, String step)
            throws Exception {
        Run run = migrate(mechanism, agent, "term@" + step).endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource(agent.equals("--source-fault") ? "cancelled" : "failed");
        assertThat(run.err().lines()).singleElement().asString().contains("the guest stays at the source: ");
    }

    /** The signal and the last steps race; whoever wins, one agent has the guest, whole, and all say the same. */
    @ParameterizedTest
    @CsvSource({
        "flip,   --source-fault,      half-pages",
        "flip,   --source-fault,      state",
        "flip,   --source-fault,      released",
        "flip,   --destination-fault, half-pages",
        "flip,   --destination-fault, released",
        "flip,   --destination-fault, locked",
        "stream, --destination-fault, half-pages",
    })
    void anAgentThatIsAskedInBetweenLeavesTheGuestToOne(String mechanism, String agent, String step) throws Exception {
        Run run = migrate(mechanism, agent, "term@" + step);
        int code = run.end();

        JsonNode result = Report.parse(run.out()).run();
        assertThat(code).as("%s", run).isIn(0, 1);
        assertThat(result.path("owner").asText()).isEqualTo(code == 0 ? "destination" : "source");
        assertThat(result.at("/verification/status").asText()).isEqualTo("match");
        assertThat(result.at("/verification/console").asBoolean()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"--destination-fault, claimed", "--destination-fault, resumed", "--source-fault, resumed"})
    void anAgentThatIsAskedLateLeavesTheGuestAtTheDestination(String agent, String step) throws Exception {
        Run run = migrate("flip", agent, "term@" + step).endsWith(0);

        JsonNode result = Report.parse(run.out()).run();
        assertThat(result.path("owner").asText()).isEqualTo("destination");
        assertThat(result.at("/verification/status").asText()).isEqualTo("match");
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void migrateThatIsAskedWhileTheGuestRunsAtTheDestinationEndsSoon(String signal) throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=1000", "--progress=always")
                .awaitErr("guest runs");

        run.signal(signal);
        run.endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ");
    }

    @ParameterizedTest
    @CsvSource({"INT, starting", "TERM, filling guest RAM"})
    void migrateThatIsAskedBeforeLeavesTheGuestAtTheSource(String signal, String phase) throws Exception {
        Run run = pageflip.start("migrate", "--ram=768M", "--run-after=0.05", "--progress=always")
                .awaitErr(phase);

        run.signal(signal);
        run.endsWith(1);

        assertThat(run.err()).contains("pageflip: cancelled: the guest stays at the source: ");
        assertThat(run.out()).contains("cancelled: the guest stays at the source");
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

    private Run migrate(String mechanism, String agent, String fault) throws java.io.IOException {
        List<String> arguments = new ArrayList<>(List.of("migrate", "--format", "json", "--mechanism", mechanism));
        arguments.addAll(Pageflip.SMALL);
        arguments.addAll(List.of(agent, fault));
        return pageflip.start(arguments);
    }
}
