package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An agent dies, or is stopped, at each step of each schedule. Until the epoch changes the guest is the source's, from
 * then on the destination's; it never runs twice and is never forgotten. The guest's verification says so: its pages,
 * its registers, and its console lines, each of which must have come out once, whoever ran it.
 *
 * <p>The agent that dies is a process; the one that lives on is in the JVM of the tests, where nothing has to be
 * started. What {@code migrate} makes of both is asked once for each way in which it can end.
 */
final class KillIT {
    private static final String HANDOVER = "--schedule handover --mechanism flip";
    private static final String STANDING = "--schedule stop-and-move --mechanism ";
    private static final String POSTCOPY = "--schedule postcopy --mechanism ";
    private static final String PRECOPY = "--schedule precopy --mechanism ";

    private static final int KILLED = 128 + 9;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @CsvSource({
        HANDOVER + ",        hello",
        HANDOVER + ",        ready",
        HANDOVER + ",        first-pages",
        HANDOVER + ",        half-pages",
        HANDOVER + ",        state",
        HANDOVER + ",        released",
        HANDOVER + ",        locked",
        STANDING + "stream,  hello",
        STANDING + "stream,  ready",
        STANDING + "flip,    first-pages",
        STANDING + "flip,    half-pages",
        STANDING + "stream,  half-pages",
        STANDING + "gift,    half-pages",
        STANDING + "pull,    half-pages",
        STANDING + "flip,    state",
        STANDING + "flip,    released",
        STANDING + "flip,    locked",
        POSTCOPY + "flip,    hello",
        POSTCOPY + "flip,    ready",
        POSTCOPY + "flip,    first-pages",
        POSTCOPY + "flip,    half-pages",
        POSTCOPY + "flip,    state",
        POSTCOPY + "flip,    released",
        POSTCOPY + "flip,    locked",
        POSTCOPY + "pull,    hello",
        POSTCOPY + "pull,    ready",
        POSTCOPY + "pull,    state",
        POSTCOPY + "pull,    released",
        POSTCOPY + "pull,    locked",
        PRECOPY + "stream,   ready",
        PRECOPY + "stream,   first-pages",
        PRECOPY + "stream,   half-pages",
        PRECOPY + "stream,   round",
        PRECOPY + "gift,     round",
        PRECOPY + "pull,     round",
        PRECOPY + "stream,   state",
        PRECOPY + "stream,   released",
        PRECOPY + "stream,   locked",
    })
    void theGuestSurvivesADestinationThatNeverOwnedIt(String how, String step) throws IOException {
        Pageflip.Halves agents = killDestination(how, step);

        Report.ofAgent(agents.here().endsWith(1).out()).assertLivesOnAtSource("failed");
    }

    @ParameterizedTest
    @CsvSource({
        HANDOVER + ",        claimed",
        HANDOVER + ",        resumed",
        STANDING + "flip,    claimed",
        STANDING + "stream,  resumed",
        POSTCOPY + "flip,    claimed",
        POSTCOPY + "flip,    resumed",
        POSTCOPY + "pull,    claimed",
        POSTCOPY + "pull,    resumed",
        POSTCOPY + "pull,    first-pages",
        POSTCOPY + "pull,    half-pages",
        POSTCOPY + "pull,    last-page",
        PRECOPY + "stream,   claimed",
        PRECOPY + "stream,   resumed",
    })
    void theGuestDiesWithTheDestinationThatOwnedIt(String how, String step) throws IOException {
        Pageflip.Halves agents = killDestination(how, step);

        Report report = Report.ofAgent(agents.here().endsWith(5).out());
        report.assertEnded("lost", "nobody");
        assertThat(report.at("/runs/0/error/message").asText())
                .startsWith("the guest is lost: ")
                .contains("the destination took it and died");
        assertThat(report.run().has("verification"))
                .as("the source does not run it again")
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        HANDOVER + ",        hello",
        HANDOVER + ",        ready",
        HANDOVER + ",        first-pages",
        HANDOVER + ",        half-pages",
        STANDING + "stream,  ready",
        STANDING + "flip,    first-pages",
        STANDING + "flip,    half-pages",
        STANDING + "stream,  half-pages",
        POSTCOPY + "flip,    ready",
        POSTCOPY + "flip,    half-pages",
        PRECOPY + "stream,   half-pages",
        PRECOPY + "stream,   round",
        PRECOPY + "pull,     round",
    })
    void theDestinationOfASourceThatDiedEarlyNeverRunsTheGuest(String how, String step) throws IOException {
        Pageflip.Halves agents = killSource(how, step);

        Report report = Report.ofAgent(agents.here().endsWith(1).out());
        report.assertEnded("failed", "unknown");
        assertThat(report.run().has("verification")).isFalse();
        assertThat(report.run().has("guest")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        HANDOVER + ",        state",
        HANDOVER + ",        released",
        HANDOVER + ",        resumed",
        STANDING + "flip,    state",
        STANDING + "stream,  released",
        PRECOPY + "stream,   state",
        PRECOPY + "stream,   released",
    })
    void theGuestSurvivesASourceThatHasSentEverything(String how, String step) throws IOException {
        Pageflip.Halves agents = killSource(how, step);

        assertIsAtDestination(Report.ofAgent(agents.here().endsWith(0).out()));
    }

    /** The destination reads what the source has sent when the source is long dead. */
    @Test
    void theGuestSurvivesASourceThatHasSentEverythingToADestinationThatIsLate() throws Exception {
        Pageflip.Agents agents =
                pageflip.agents(options(STANDING + "flip", "--fault", "kill@state"), destination("stop@first-pages"));
        agents.source().endsWith(KILLED);

        agents.destination().signal("CONT");

        agents.destination().endsWith(0);
        assertThat(agents.destination().out()).contains("completed: the guest is at the destination", "match: ");
    }

    @ParameterizedTest
    @CsvSource({
        "--destination-fault kill@half-pages, 1",
        "--destination-fault kill@resumed,    5",
        "--source-fault      kill@half-pages, 5",
        "--source-fault      kill@released,   0",
        "--destination-fault error@claimed,   5",
    })
    void migrateTellsWhatBecameOfTheGuest(String fault, int exitCode) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("migrate", "--format", "json"));
        arguments.addAll(Pageflip.SMALL);
        arguments.addAll(words(fault));
        Run run = pageflip.start(arguments).endsWith(exitCode);

        Report report = Report.parse(run.out());
        String line = "";
        switch (exitCode) {
            case 0 -> assertIsAtDestination(report);
            case 1 -> {
                report.assertLivesOnAtSource("failed");
                line = "pageflip: failed: the guest stays at the source: ";
            }
            default -> {
                report.assertEnded("lost", "nobody");
                assertThat(report.run().has("verification")).isFalse();
                line = "pageflip: lost: nobody has the guest: the guest is lost: ";
            }
        }
        if (line.isEmpty()) {
            assertThat(run.err()).isEmpty();
        } else {
            assertThat(run.err().lines()).singleElement().asString().startsWith(line);
        }
    }

    private static void assertIsAtDestination(Report report) {
        assertThat(report.at("/runs/0/status").asText()).isEqualTo("completed");
        assertThat(report.at("/runs/0/owner").asText()).isEqualTo("destination");
        assertThat(report.at("/runs/0/verification/status").asText()).isEqualTo("match");
    }

    /** An agent that dies while it starts, or makes the guest, has lost none. */
    @Test
    void aSourceThatDiesBeforeThereIsAGuestHasLostNone() throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--source-fault=kill@filling", "--format=json")
                .endsWith(1);
        Report report = Report.parse(run.out());
        assertThat(report.at("/runs/0/status").asText()).isEqualTo("failed");
        assertThat(report.at("/runs/0/owner").asText()).isEqualTo("nobody-yet");
        assertThat(report.at("/runs/0/error/message").asText()).startsWith("the source agent was killed by signal 9; ");
    }

    /** In a thread that nobody waits for: the process ends at once, and says whether a guest ends with it. */
    @ParameterizedTest
    @CsvSource({
        "source,      wait@filling,   filling,      1, 1",
        "source,      wait@ready,     moving pages, 5, 1",
        "source,      wait@state,     handing over, 1, 0",
        "destination, wait@state,     handing over, 1, 1",
        "destination, wait@last-page, guest runs,   5, 5",
    })
    void anErrorInAnyThreadEndsTheAgent(String agent, String fault, String phase, int code, int otherCode)
            throws Exception {
        boolean atSource = agent.equals("source");
        Path sign = pageflip.path("fail");
        String strayError =
                "-javaagent:" + JavaAgentJar.pack(StrayError.class, pageflip.path("stray.jar")) + "=" + sign;
        List<String> faulty = List.of("--fault", fault, "--run-after", "1000", "--progress", "always");
        if (!atSource) {
            pageflip.javaOptions(strayError);
        }
        Run destination = pageflip.start(
                        List.of("destination", "--listen", "unix:" + pageflip.path("m.sock")),
                        (atSource ? List.<String>of("--run-after", "0.05") : faulty).toArray(String[]::new))
                .awaitErr("waiting for a source");
        pageflip.javaOptions(atSource ? new String[] {strayError} : new String[0]);
        Run source = pageflip.start(
                List.of("source", "--connect", "unix:" + pageflip.path("m.sock"), "--ram", "16M"),
                (atSource ? faulty : List.<String>of("--run-after", "0.05")).toArray(String[]::new));
        Run failing = atSource ? source : destination;
        failing.awaitErr(phase);

        Files.createFile(sign);

        failing.endsWith(code);
        (atSource ? destination : source).endsWith(otherCode);
        assertThat(failing.err()).contains("a stray error").doesNotContain("\tat ");
        assertThat(failing.err().contains("lost: the guest ends with this process"))
                .isEqualTo(code == 5);
        Files.delete(sign);
    }

    @ParameterizedTest
    @ValueSource(strings = {HANDOVER, STANDING + "stream"})
    void aDestinationThatWakesUpTooLateDoesNotRunTheGuest(String how) throws Exception {
        Pageflip.Agents agents = pageflip.agents(options(how), destination("stop@released"));
        agents.destination().awaitStopped();

        agents.source().signal("TERM"); // who does not want to wait for the time limit gives up
        agents.source().endsWith(1);
        agents.destination().signal("CONT");
        agents.destination().endsWith(1);

        assertThat(agents.source().out())
                .contains("cancelled: the guest stays at the source", "match: ", "console lines, each once");
        // Its vCPU looks at the epoch, and its agent's thread at what the source has said: either may come first.
        assertThat(agents.destination().out())
                .containsAnyOf("the source has taken the guest back", "the source has given up: ");
    }

    @ParameterizedTest
    @CsvSource({HANDOVER + ", ready", HANDOVER + ", released", STANDING + "stream, released"})
    void aDestinationThatWakesUpInTimeTakesTheGuest(String how, String step) throws Exception {
        Pageflip.Halves agents = pageflip.sourceHere(options(how), destination("stop@" + step));
        agents.there().awaitStopped();

        agents.there().signal("CONT");
        agents.here().endsWith(0);
        agents.there().endsWith(0);

        assertThat(agents.there().out()).contains("completed: the guest is at the destination", "match: ");
    }

    @ParameterizedTest
    @CsvSource({HANDOVER + ", ready", HANDOVER + ", released", STANDING + "stream, ready"})
    void aStoppedDestinationThatIsKilledLeavesTheGuestAtTheSource(String how, String step) throws Exception {
        Pageflip.Agents agents = pageflip.agents(options(how), destination("stop@" + step));
        agents.destination().awaitStopped();
        Heartbeat guest = Heartbeat.of(agents.source());

        agents.destination().signal("KILL");
        guest.awaitBeats();
        agents.source().endsWith(1);

        assertThat(agents.source().out())
                .contains("failed: the guest stays at the source", "match: ", "console lines, each once");
        assertThat(agents.destination().end()).isEqualTo(KILLED);
    }

    /** Whoever holds the lock may store its epoch at any moment: a source that is asked to end waits, for a moment. */
    @ParameterizedTest
    @ValueSource(strings = {"CONT", "KILL"})
    void aStoppedHolderOfTheLockIsWaitedFor(String then) throws Exception {
        Pageflip.Agents agents = pageflip.agents(options(HANDOVER), destination("stop@locked"));
        agents.destination().awaitStopped();

        agents.source().signal("TERM");
        agents.destination().signal(then);

        boolean goesOn = then.equals("CONT") && agents.source().end() == 0; // a busy machine: it may come too late
        if (then.equals("CONT") && !goesOn) {
            agents.source().endsWith(1);
            agents.destination().endsWith(1);
            assertThat(agents.source().out()).contains("the guest stays at the source", "match: ");
            return;
        }
        agents.source().endsWith(goesOn ? 0 : 1);
        agents.destination().endsWith(goesOn ? 0 : KILLED);
        assertThat((goesOn ? agents.destination() : agents.source()).out())
                .contains(goesOn ? "the guest is at the destination" : "the guest stays at the source", "match: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ready", "state"})
    void aStoppedSourceThatIsKilledIsNoticed(String step) throws Exception {
        Pageflip.Halves agents =
                pageflip.destinationHere(options(HANDOVER, "--fault", "stop@" + step), List.of("--run-after", "0.05"));
        agents.there().awaitStopped();

        agents.there().signal("KILL");

        boolean complete = step.equals("state");
        agents.here().endsWith(complete ? 0 : 1);
        assertThat(agents.here().out()).contains(complete ? "match: " : "failed: ");
        assertThat(agents.there().end()).isEqualTo(KILLED);
    }

    /** The destination has come and gone when the source looks at the token again, whose lock is free by then. */
    @ParameterizedTest
    @ValueSource(strings = {HANDOVER, STANDING + "stream"})
    void aSourceThatSleepsThroughTheHandoverDoesNotRunTheGuestAgain(String how) throws Exception {
        Pageflip.Halves agents =
                pageflip.destinationHere(options(how, "--fault", "stop@released"), List.of("--run-after", "0.05"));
        agents.there().awaitStopped();
        agents.here().endsWith(0);

        agents.there().signal("CONT");
        agents.there().endsWith(0);

        for (String said : List.of(agents.there().out(), agents.here().out())) {
            assertThat(said)
                    .contains("completed: the guest is at the destination", "match: ", "console lines, each once");
        }
    }

    /** A migration whose destination kills itself, which it must have done. */
    private Pageflip.Halves killDestination(String how, String step) throws IOException {
        Pageflip.Halves agents = pageflip.sourceHere(options(how, "--format", "json"), destination("kill@" + step));
        agents.there().endsWith(KILLED);
        return agents;
    }

    /** A migration whose source kills itself, which it must have done. */
    private Pageflip.Halves killSource(String how, String step) throws IOException {
        Pageflip.Halves agents = pageflip.destinationHere(
                options(how, "--fault", "kill@" + step), List.of("--run-after", "0.05", "--format", "json"));
        agents.there().endsWith(KILLED);
        return agents;
    }

    private static List<String> destination(String fault) {
        return List.of("--run-after", "0.05", "--fault", fault);
    }

    private static List<String> options(String how, String... more) {
        List<String> options = new ArrayList<>(Pageflip.SMALL);
        options.addAll(words(how));
        if (how.endsWith("gift")) {
            options.addAll(List.of("--backing", "anonymous"));
        }
        options.addAll(Arrays.asList(more));
        return options;
    }

    private static List<String> words(String text) {
        return Arrays.asList(text.split(" +", -1));
    }
}
