package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --verbose} and {@code --log-file} show of both agents. */
final class VerboseIT {
    private static final Pattern LINE =
            Pattern.compile(" *[0-9]+\\.[0-9]{9} (migrate    |source     |destination) [^ \\p{Cntrl}]\\P{Cntrl}*");
    private static final int TIME_WIDTH = 18;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @Test
    void bothAgentsSayWhatTheyDoInOneClock() throws IOException {
        Path file = pageflip.path("log");

        Run run = pageflip.start(migrate("--verbose", "--log-file=" + file, "--format=json"))
                .endsWith(0);

        Report.parse(run.out()).assertCompleted("match"); // nothing else is on standard output
        List<String> shown = run.err().lines().toList();
        assertThat(Files.readAllLines(file)).containsExactlyInAnyOrderElementsOf(shown);
        assertThat(shown).allMatch(line -> LINE.matcher(line).matches());
        assertThat(events(shown))
                .containsSubsequence(
                        "migrate     started the destination agent: process #",
                        "migrate     started the source agent: process #",
                        "source      sent HELLO protocol #, process #, owner epoch #, flip, handover, # blocks of # bytes",
                        "destination received HELLO protocol #, process #, owner epoch #, flip, handover, # blocks of # bytes",
                        "source      sent PREPARE",
                        "destination received PREPARE",
                        "destination sent READY PSS # bytes",
                        "source      received READY PSS # bytes",
                        "source      state SETUP -> ACTIVE: both sides are ready",
                        "source      all vCPUs are paused",
                        "source      the guest's state is saved",
                        "source      the lock is released",
                        "destination has the lock",
                        "destination has loaded the guest's state and stored its epoch",
                        "destination first instruction of vCPU #",
                        "destination sent RESUMED owner epoch #",
                        "source      received RESUMED owner epoch #",
                        "destination sent COMPLETED PSS # bytes, report of # characters");
        // A vCPU that had no processor executed its last instruction before anybody asked it to pause.
        assertThat(events(shown))
                .containsSubsequence("source      last instruction of vCPU #", "source      all vCPUs are paused");
        assertThat(events(shown)).containsOnlyOnce("source      sent END").containsOnlyOnce("destination received END");
    }

    @Test
    void theRoundsOfAPrecopyAreThere() throws IOException {
        Path file = pageflip.path("log");

        pageflip.start(migrate("--mechanism=stream", "--schedule=precopy", "--log-file=" + file))
                .endsWith(0);

        List<String> lines = Files.readAllLines(file);
        assertThat(lines).allMatch(line -> LINE.matcher(line).matches());
        assertThat(events(lines))
                .containsSubsequence("source      sent ROUND", "destination received ROUND")
                .anyMatch(event -> event.startsWith("source      round #: # pages sent, "));
    }

    @Test
    void whoPassesAGuestToAndFroIsSourceAndDestinationByTurns() throws IOException {
        Run run =
                pageflip.start(migrate("--ping-pong", "--runs=2", "--verbose")).endsWith(0);

        assertThat(events(run.err().lines().toList()))
                .containsSubsequence(
                        "source      the lock is released",
                        "destination has the lock",
                        "source      the lock is released",
                        "destination has the lock");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--source-fault=kill@ready", "--destination-fault=kill@locked"})
    void whoeverIsKilledLeavesWholeLines(String fault) throws IOException {
        Path file = pageflip.path("log");

        int code = pageflip.start(migrate("--log-file=" + file, fault)).end();

        assertThat(code).isIn(1, 5);
        String log = Files.readString(file);
        assertThat(log).endsWith("\n");
        assertThat(log.lines()).allMatch(line -> LINE.matcher(line).matches());
        assertThat(events(log.lines().toList()))
                .anyMatch(event -> event.endsWith(" agent was killed by signal #"))
                .contains("source      sent PREPARE");
    }

    @Test
    void agentsByHandHaveLogsOfTheirOwnWhichCanBeMerged() throws IOException {
        Path source = pageflip.path("source.log");
        Path destination = pageflip.path("destination.log");

        Pageflip.Agents agents = pageflip.agents(
                List.of("--ram=16M", "--run-after=0.05", "--log-file=" + source),
                List.of("--run-after=0.05", "--log-file=" + destination));
        agents.source().endsWith(0);
        agents.destination().endsWith(0);

        List<String> merged = new ArrayList<>(Files.readAllLines(source));
        merged.addAll(Files.readAllLines(destination));
        assertThat(events(merged))
                .containsSubsequence(
                        "source      sent PREPARE",
                        "destination sent READY PSS # bytes",
                        "source      the lock is released",
                        "destination has the lock");
    }

    @Test
    void withoutTheOptionsNothingIsSaid() throws IOException {
        Run run = pageflip.start(migrate("--quiet")).endsWith(0);

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "--log-file=/nowhere/log, its folder does not exist",
        "--log-file=/proc, it is a folder",
        "--log-file=/proc/version/log, its folder does not exist"
    })
    void aFileThatCannotBeWrittenIsRefusedBeforeAnythingRuns(String option, String why) throws IOException {
        Run run = pageflip.start(migrate("--format=json", option)).endsWith(2);

        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines())
                .containsExactly(
                        "pageflip: " + option.replace('=', ' ') + ": no file can be written there: " + why,
                        "Try 'pageflip migrate --help'.");
    }

    private static List<String> migrate(String... more) {
        List<String> arguments = new ArrayList<>(List.of("migrate"));
        arguments.addAll(Pageflip.SMALL);
        arguments.addAll(List.of(more));
        return arguments;
    }

    /** Side and event of each line, in the order of their times, without their numbers. */
    private static List<String> events(List<String> lines) {
        return lines.stream()
                .sorted()
                .map(line -> line.substring(TIME_WIDTH + 1).replaceAll("[0-9]+", "#"))
                .toList();
    }
}
