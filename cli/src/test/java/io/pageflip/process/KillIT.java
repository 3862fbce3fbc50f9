package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An agent dies, or is stopped, at each step of the protocol. Until the epoch changes the guest is the source's, from then on
 * the destination's; it never runs twice and is never forgotten. The guest's verification says so: its pages, its registers,
 * and its console lines, each of which must have come out once, whoever ran it.
 */
final class KillIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @CsvSource({
        "flip,   hello",
        "flip,   ready",
        "flip,   first-pages",
        "flip,   half-pages",
        "flip,   state",
        "flip,   released",
        "flip,   locked",
        "flip standing, first-pages",
        "flip standing, half-pages",
        "flip standing, state",
        "flip standing, released",
        "flip standing, locked",
        "stream, ready",
        "stream, half-pages",
        "stream, released",
        "stream, locked",
        "gift,   half-pages",
        "pull,   half-pages",
    })
    void theGuestSurvivesADestinationThatNeverOwnedIt(String mechanism, String step) throws IOException {
        Run run = migrate(mechanism, "--destination-fault", "kill@" + step).endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("failed");
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .startsWith("pageflip: failed: the guest stays at the source: ");
    }

    @ParameterizedTest
    @CsvSource({"flip, claimed", "flip, resumed", "flip standing, claimed", "stream, claimed", "stream, resumed"})
    void theGuestDiesWithTheDestinationThatOwnedIt(String mechanism, String step) throws IOException {
        Run run = migrate(mechanism, "--destination-fault", "kill@" + step).endsWith(5);

        assertLost(run);
        assertThat(Report.parse(run.out()).run().has("verification"))
                .as("the source does not run it again")
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "flip,   hello",
        "flip,   ready",
        "flip,   first-pages",
        "flip,   half-pages",
        "flip standing, first-pages",
        "flip standing, half-pages",
        "flip standing, state",
        "flip standing, released",
        "flip standing, locked",
        "stream, ready",
        "stream, half-pages",
    })
    void theGuestDiesWithTheSourceThatOwnedIt(String mechanism, String step) throws IOException {
        assertLost(migrate(mechanism, "--source-fault", "kill@" + step).endsWith(5));
    }

    @ParameterizedTest
    @CsvSource({"flip, state", "flip, released", "flip, resumed", "stream, state", "stream, released"})
    void theGuestSurvivesASourceThatHasSentEverything(String mechanism, String step) throws IOException {
        Run run = migrate(mechanism, "--source-fault", "kill@" + step).endsWith(0);

        var result = Report.parse(run.out()).run();
        assertThat(result.path("status").asText()).isEqualTo("completed");
        assertThat(result.path("owner").asText()).isEqualTo("destination");
        assertThat(result.at("/verification/status").asText()).isEqualTo("match");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flip", "stream"})
    void aDestinationThatWakesUpTooLateDoesNotRunTheGuest(String mechanism) throws Exception {
        Pageflip.Agents agents = agents(mechanism, "stop@released");
        agents.destination().awaitStopped();

        agents.source().signal("TERM"); // who does not want to wait for the time limit gives up
        agents.source().endsWith(1);
        agents.destination().signal("CONT");
        agents.destination().endsWith(1);

        assertThat(agents.source().out())
                .contains("cancelled: the guest stays at the source", "match: ", "console lines, each once");
        assertThat(agents.destination().out()).contains("the source has taken the guest back");
    }

    @ParameterizedTest
    @CsvSource({"flip, ready", "flip, released", "stream, released"})
    void aDestinationThatWakesUpInTimeTakesTheGuest(String mechanism, String step) throws Exception {
        Pageflip.Agents agents = agents(mechanism, "stop@" + step);
        agents.destination().awaitStopped();

        agents.destination().signal("CONT");
        agents.source().endsWith(0);
        agents.destination().endsWith(0);

        assertThat(agents.destination().out()).contains("completed: the guest is at the destination", "match: ");
    }

    @ParameterizedTest
    @CsvSource({"flip, ready", "flip, released", "stream, ready"})
    void aStoppedDestinationThatIsKilledLeavesTheGuestAtTheSource(String mechanism, String step) throws Exception {
        Pageflip.Agents agents = agents(mechanism, "stop@" + step);
        agents.destination().awaitStopped();
        Heartbeat guest = Heartbeat.of(agents.source());

        agents.destination().signal("KILL");
        guest.awaitBeats();
        agents.source().endsWith(1);

        assertThat(agents.source().out())
                .contains("failed: the guest stays at the source", "match: ", "console lines, each once");
        assertThat(agents.destination().end()).isEqualTo(128 + 9);
    }

    /** Whoever holds the lock may store its epoch at any moment: the source waits for it, whatever it is told. */
    @ParameterizedTest
    @ValueSource(strings = {"CONT", "KILL"})
    void aStoppedHolderOfTheLockIsWaitedFor(String then) throws Exception {
        Pageflip.Agents agents = agents("flip", "stop@locked");
        agents.destination().awaitStopped();

        agents.source().signal("TERM");
        agents.destination().signal(then);

        boolean goesOn = then.equals("CONT");
        agents.source().endsWith(goesOn ? 0 : 1);
        agents.destination().endsWith(goesOn ? 0 : 128 + 9);
        assertThat((goesOn ? agents.destination() : agents.source()).out())
                .contains(goesOn ? "the guest is at the destination" : "the guest stays at the source", "match: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ready", "state"})
    void aStoppedSourceThatIsKilledIsNoticed(String step) throws Exception {
        Pageflip.Agents agents =
                pageflip.agents(options("flip", "--fault", "stop@" + step), List.of("--run-after", "0.05"));
        agents.source().awaitStopped();

        agents.source().signal("KILL");

        boolean complete = step.equals("state");
        agents.destination().endsWith(complete ? 0 : 1);
        assertThat(agents.destination().out()).contains(complete ? "match: " : "failed: ");
        assertThat(agents.source().end()).isEqualTo(128 + 9);
    }

    /** The destination has come and gone when the source looks at the token again, whose lock is free by then. */
    @ParameterizedTest
    @ValueSource(strings = {"flip", "stream"})
    void aSourceThatSleepsThroughTheHandoverDoesNotRunTheGuestAgain(String mechanism) throws Exception {
        Pageflip.Agents agents =
                pageflip.agents(options(mechanism, "--fault", "stop@released"), List.of("--run-after", "0.05"));
        agents.source().awaitStopped();
        agents.destination().endsWith(0);

        agents.source().signal("CONT");
        agents.source().endsWith(0);

        for (Run agent : List.of(agents.source(), agents.destination())) {
            assertThat(agent.out())
                    .contains("completed: the guest is at the destination", "match: ", "console lines, each once");
        }
    }

    private static void assertLost(Run run) {
        Report.parse(run.out()).assertEnded("lost", "nobody");
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .startsWith("pageflip: lost: nobody has the guest: the guest is lost: ");
    }

    private Run migrate(String mechanism, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("migrate", "--format", "json"));
        arguments.addAll(options(mechanism, more));
        return pageflip.start(arguments);
    }

    private Pageflip.Agents agents(String mechanism, String destinationFault) throws IOException {
        return pageflip.agents(options(mechanism), List.of("--run-after", "0.05", "--fault", destinationFault));
    }

    private static List<String> options(String mechanism, String... more) {
        List<String> options = new ArrayList<>(Pageflip.SMALL);
        options.addAll(List.of("--mechanism", mechanism.replace(" standing", "")));
        if (mechanism.endsWith(" standing")) {
            options.add("--schedule=stop-and-move");
        }
        if (mechanism.equals("gift")) {
            options.addAll(List.of("--backing", "anonymous"));
        }
        options.addAll(Arrays.asList(more));
        return options;
    }
}
