package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.testkit.HugePages;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --schedule postcopy --mechanism pull}: the guest runs at the destination while its pages are still at the
 * source. All of them come, or the guest is lost, in those words; a connection that breaks meanwhile costs time and
 * nothing else.
 */
final class PullPostcopyIT {
    private static final long VRAM_PAGES = 4096;
    private static final long ROM_PAGES = 65;

    /** A RECOVER frame, as whoever knows the protocol may send it. */
    private static final String RECOVER = "5047464c130000000400000002000000";

    private static final int KILLED = 128 + 9;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --vcpus 2 --fill 60 --workload uniform --dirty-rate 1M --batch 7 --prefetch 1",
                "--ram 33M --backing anonymous --vcpus 3 --workload sequential --prefetch 64 --channel pipe",
            })
    void everyPageComes(String options) throws IOException {
        Report report = fromHere(options);

        assertLatePages(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isZero();
        assertThat(report.at("/runs/0/postcopy/paused-ns").asLong()).isZero();
        assertThat(report.at("/runs/0/blackout-ns").asLong())
                .isGreaterThanOrEqualTo(report.at("/runs/0/downtime-ns").asLong());
    }

    @Test
    void holesAreNotFetched() throws IOException {
        Report report = fromHere("--ram 17M --fill 0 --workload idle --batch 1");

        assertLatePages(report);
        assertThat(report.pages("ram").path("copied").asLong()).isEqualTo(1);
        assertThat(report.at("/runs/0/pages/copied").asLong()).isEqualTo(1 + VRAM_PAGES + ROM_PAGES);
    }

    @Test
    void hugePagesComeInTheirOwnSize() throws IOException {
        try (HugePages reserved = HugePages.reserve(16)) {
            assertThat(reserved).isNotNull();

            Report report = fromHere("--backing hugetlb --ram 16M --prefetch 2");

            assertThat(report.pages("ram").path("copied").asLong()).isEqualTo(8);
            assertLatePages(report);
        }
    }

    @Test
    void needsNoPrivilege() throws IOException {
        List<String> command = new ArrayList<>(List.of(Pageflip.launcher().toString()));
        command.addAll(arguments("--ram 16M --vcpus 2"));
        Run run = pageflip.startCommand(Host.asOrdinaryUser(command.toArray(String[]::new)))
                .endsWith(0);

        assertLatePages(Report.parse(run.out()));
    }

    @Test
    void comesThroughAShellPipe() throws IOException {
        Run run = pageflip.shell("\"$PAGEFLIP\" source --schedule postcopy --mechanism pull --ram 32M"
                + " | \"$PAGEFLIP\" destination --run-after 0.05");
        run.endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ", " faults served");
    }

    /** If it is noticed in time, it ends the migration; else the switch was quicker than the news. */
    @ParameterizedTest
    @CsvSource({"none, drop@ready", "drop@state, none"})
    void aConnectionThatBreaksBeforeTheSwitchLeavesTheGuestToOne(String atSource, String atDestination)
            throws IOException {
        Pageflip.Halves agents = pageflip.sourceHere(source(atSource, "--ram=16M"), destination(atDestination));

        int code = agents.here().end();
        agents.there().end();

        if (code == 0) {
            assertCompleted(Report.ofAgent(agents.here().out()));
            assertCompleted(Report.ofAgent(agents.there().out()));
        } else {
            assertThat(code).as("%s", agents.here()).isEqualTo(1);
            Report.ofAgent(agents.here().out()).assertLivesOnAtSource("failed");
        }
    }

    /** Until all has come, the guest needs the source: its destination ends, and never with a guest that is whole. */
    @ParameterizedTest
    @ValueSource(strings = {"hello", "ready", "state"})
    void theGuestDiesWithASourceThatHasItsPages(String step) throws IOException {
        Pageflip.Halves agents = pageflip.destinationHere(source("kill@" + step, "--ram=16M"), destination("none"));
        agents.there().endsWith(KILLED);

        assertThat(agents.here().end()).as("%s", agents.here()).isIn(1, 5);
        JsonNode result = Report.ofAgent(agents.here().out()).run();
        assertThat(result.path("status").asText()).isIn("failed", "lost");
        assertThat(result.path("owner").asText()).isIn("unknown", "nobody");
        assertThat(result.has("verification")).isFalse();
    }

    /**
     * The lock is free before the source dies, and dying takes a while: a small guest may be fetched by then. Never
     * less than all of it.
     */
    @Test
    void aSourceThatDiesAsItLetsGoTakesTheGuestWithItOrHasGivenAllOfIt() throws IOException {
        Run run = start("--ram 64M --prefetch 1 --source-fault kill@released");

        if (run.end() == 0) {
            Report report = Report.parse(run.out());
            assertCompleted(report);
            assertLatePages(report);
        } else {
            assertLost(run.endsWith(5), "source");
        }
    }

    @Test
    void aSourceThatDiesAfterTheLastPageIsNotMissed() throws IOException {
        Pageflip.Halves agents = pageflip.destinationHere(source("kill@last-page"), destination("none"));
        agents.there().endsWith(KILLED);

        Report report = Report.ofAgent(agents.here().endsWith(0).out());
        assertCompleted(report);
        assertLatePages(report);
    }

    @Test
    void bothSayThatTheGuestIsLostWithItsSource() throws Exception {
        Pageflip.Agents agents = agents("stop@paused", "drop@half-pages", "--ram", "32M");
        agents.source().awaitStopped();
        agents.destination().awaitErr("postcopy-paused");

        agents.source().signal("KILL");

        agents.destination().endsWith(5);
        assertThat(agents.destination().out())
                .contains("lost: nobody has the guest: the guest is lost: the source died, with ")
                .containsPattern("with \\d+ of \\d+ pages still in its memory");
        assertThat(agents.source().end()).isEqualTo(128 + 9);
    }

    /**
     * Killed in the middle of fetching, the connection whole: what the destination notices first is that a page cannot
     * be read.
     */
    @Test
    void aSourceThatDiesWhilePagesComeTakesTheGuestWithIt() throws Exception {
        Pageflip.Agents agents = agents("none", "stop@half-pages", "--ram", "32M");
        agents.destination().awaitStopped();

        agents.source().signal("KILL");
        agents.source().end();
        agents.destination().signal("CONT");

        agents.destination().endsWith(5);
        assertThat(agents.destination().out()).contains("the guest is lost: the source died, with ");
    }

    @Test
    void migrateSaysThatTheGuestIsLostWithItsSource() throws IOException {
        assertLost(
                start("--ram 32M --destination-fault drop@half-pages --source-fault kill@paused")
                        .endsWith(5),
                "the source died, with ");
    }

    /** The destination breaks the connection itself, so that half of the pages are missing when it dies. */
    @ParameterizedTest
    @ValueSource(strings = {"kill@paused", "kill@recover"})
    void theGuestDiesWithADestinationThatWasToGoOn(String fault) throws IOException {
        Pageflip.Halves agents = pageflip.sourceHere(source("none"), destination("drop@half-pages," + fault));
        agents.there().endsWith(KILLED);

        Report report = Report.ofAgent(agents.here().endsWith(5).out());
        report.assertEnded("lost", "nobody");
        assertThat(report.at("/runs/0/error/message").asText()).contains("the destination took it and died");
    }

    @ParameterizedTest
    @CsvSource({
        "drop@claimed,    --ram=64M",
        "drop@resumed,    --ram=64M --vcpus=2 --fill=60 --batch=7",
        "drop@half-pages, --ram=64M --backing=anonymous --vcpus=2 --workload=uniform --dirty-rate=1M",
    })
    void aConnectionThatBreaksComesBack(String fault, String options) throws IOException {
        Pageflip.Halves agents =
                pageflip.sourceHere(source("none", options.split(" ", -1)), destination(fault, "--prefetch=1"));
        agents.there().endsWith(0);
        agents.here().endsWith(0);

        for (String said : List.of(agents.here().out(), agents.there().out())) {
            Report report = Report.ofAgent(said);
            assertCompleted(report);
            assertLatePages(report);
            assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isEqualTo(1);
            assertThat(report.at("/runs/0/postcopy/paused-ns").asLong()).isPositive();
        }
        assertToldOfThePause(agents.there());
    }

    /** The source breaks it: the pages may all be there before the destination notices, and then nothing is missing. */
    @Test
    void aConnectionThatTheSourceBreaksComesBackOrIsNotNeeded() throws IOException {
        Pageflip.Halves agents =
                pageflip.sourceHere(source("drop@resumed", "--ram=64M"), destination("none", "--prefetch=1"));
        agents.there().endsWith(0);
        agents.here().endsWith(0);

        Report report = Report.ofAgent(agents.there().out());
        assertCompleted(report);
        assertLatePages(report);
    }

    /** The source hears twice that the guest runs, and the report once. */
    @Test
    void bothReportAfterAConnectionThatBrokeBeforeTheFirstInstruction() throws IOException {
        Pageflip.Agents agents = agents("none", "drop@claimed", "--ram", "32M");

        agents.destination().endsWith(0);
        agents.source().endsWith(0);

        for (Run agent : List.of(agents.source(), agents.destination())) {
            assertThat(agent.out()).contains("match: ", "broken: once");
            assertToldOfThePause(agent);
        }
    }

    private static void assertToldOfThePause(Run agent) {
        for (String status : List.of("postcopy-paused", "postcopy-recover", "postcopy-active")) {
            assertThat(agent.err().lines().filter(line -> line.contains(status)))
                    .as("%s, once: %s", status, agent)
                    .hasSize(1);
        }
    }

    @Test
    void aPausedGuestRunsUntilItNeedsAPage() throws Exception {
        Pageflip.Agents idle = agents("stop@paused", "drop@half-pages", "--ram", "32M", "--workload", "idle");
        idle.destination().awaitErr("postcopy-paused");
        idle.source().awaitStopped();
        Heartbeat guest = Heartbeat.of(idle.destination(), idle.source());

        guest.awaitBeats();
        guest.awaitBeats();

        idle.source().signal("CONT");
        idle.destination().endsWith(0);
        idle.source().endsWith(0);
        assertThat(idle.destination().out()).contains("match: ", "paused  ", "broken: once");
    }

    @Test
    void aPausedGuestWaitsForThePageThatItNeeds() throws Exception {
        Pageflip.Agents busy = agents(
                "stop@paused",
                "drop@first-pages",
                "--ram=32M",
                "--workload=uniform",
                "--dirty-rate=1M",
                "--backing=memfd");
        busy.destination().awaitErr("postcopy-paused");
        busy.source().awaitStopped();
        Heartbeat guest = Heartbeat.of(busy.destination(), busy.source());
        long[] last = {-1};
        Waiting.until("a vCPU that waits for a page", () -> {
            boolean stands = guest.count() == last[0];
            last[0] = guest.count();
            return stands;
        });

        busy.source().signal("CONT");
        busy.destination().endsWith(0);
        busy.source().endsWith(0);
        assertThat(busy.destination().out()).contains("match: ", "broken: once");
    }

    @Test
    void aSourceThatDoesNotComeBackInTimeLosesTheGuest() throws Exception {
        Pageflip.Agents agents =
                agents("stop@paused", "drop@half-pages", List.of("--recover-timeout", "1"), "--ram", "32M");
        agents.source().awaitStopped();

        agents.destination().endsWith(5);
        agents.source().signal("CONT");
        agents.source().endsWith(5);

        assertThat(agents.destination().out())
                .contains("the guest is lost: the source has not connected again within 1 s, with ");
        assertThat(agents.source().out()).contains("the guest is lost: the destination took it and died");
    }

    /** The source gives up when the destination does: the one says to the other how long that is. */
    @Test
    void aDestinationThatDoesNotAnswerInItsOwnTimeLosesTheGuest() throws Exception {
        Pageflip.Agents agents =
                agents("none", "drop@half-pages,stop@paused", List.of("--recover-timeout", "1"), "--ram", "32M");
        agents.destination().awaitStopped();

        agents.source().endsWith(5);
        agents.destination().signal("CONT");
        agents.destination().endsWith(5);

        assertThat(agents.source().out()).contains("which has not reached the destination again within 1 s");
        assertThat(agents.destination().out()).contains("the guest is lost: the source died, with ");
    }

    @Test
    void whoIsAskedToEndWhilePausedSaysWhatThatCosts() throws Exception {
        Pageflip.Agents agents = agents("stop@paused", "drop@half-pages", "--ram", "32M");
        agents.source().awaitStopped();
        agents.destination().awaitErr("postcopy-paused");

        agents.destination().signal("TERM");

        agents.destination().endsWith(5);
        agents.source().signal("CONT");
        agents.source().endsWith(5);
        assertThat(agents.destination().out()).contains("interrupted while the source was to connect again");
    }

    @Test
    void aStrangerIsNotTheSource() throws Exception {
        Pageflip.Agents agents = agents("stop@paused", "drop@half-pages", "--ram", "32M");
        agents.source().awaitStopped();
        Path socket = pageflip.path("m.sock");
        Waiting.until("a destination that listens again", () -> Files.exists(socket));

        Map<String, String> answers = Map.of(
                "5047464c0b00000000000000",
                "starts with CANCEL",
                "000000000000000000000000",
                "no frame",
                RECOVER,
                "is not the source");
        for (Map.Entry<String, String> said : answers.entrySet()) {
            try (SocketChannel stranger = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                Waiting.until("a connection", () -> stranger.isConnected() || connects(stranger, socket));
                stranger.write(ByteBuffer.wrap(HexFormat.of().parseHex(said.getKey())));
                assertThat(answer(stranger)).contains(said.getValue());
            }
        }
        Waiting.until(
                "a word about each",
                () -> agents.destination()
                                .err()
                                .lines()
                                .filter(line -> line.contains("not the source"))
                                .count()
                        == answers.size());

        agents.source().signal("CONT");
        agents.destination().endsWith(0);
        agents.source().endsWith(0);
        assertThat(agents.destination().out()).contains("match: ");
    }

    private static boolean connects(SocketChannel channel, Path socket) {
        try {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            return false; // bound, and not listening yet
        }
    }

    private static String answer(SocketChannel channel) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(4096);
        try {
            while (channel.read(answer) > 0) {
                // until it closes
            }
        } catch (SocketException e) {
            // It closed before it had read all that this stranger said.
        }
        return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --vcpus 2 --fill 60 --dirty-rate 300K --batch 7",
                "--ram 17M --backing anonymous --dirty-rate 1M --dirty-tracking log --prefetch 3 --channel pipe",
            })
    void aPrecopyThatDoesNotConvergeEndsAsAPostcopy(String options) throws IOException {
        Report report = endingPrecopy(options);

        JsonNode rounds = report.at("/runs/0/precopy/rounds");
        assertThat(rounds).hasSize(2);
        assertThat(rounds.path(1).path("decision").asText()).isEqualTo("postcopy");
        assertSums(report);
        assertThat(report.at("/runs/0/postcopy/faults").asLong()).isPositive();
        assertThat(fetched(report))
                .as("only what was written since is fetched")
                .isPositive()
                .isLessThanOrEqualTo(report.at("/runs/0/pages/total").asLong());
    }

    @Test
    void aPrecopyOfHugePagesEndsSoToo() throws IOException {
        try (HugePages reserved = HugePages.reserve(32)) {
            assertThat(reserved).isNotNull();

            Report report = endingPrecopy("--backing hugetlb --ram 32M --dirty-rate 300K");

            assertSums(report);
            assertThat(fetched(report)).isPositive();
        }
    }

    @Test
    void aConnectionThatBreaksAfterAPrecopyComesBackToo() throws IOException {
        List<String> command = new ArrayList<>(List.of("migrate", "--format", "json", "--run-after", "0.05"));
        command.addAll(precopyOptions("--ram 64M --dirty-rate 300K --destination-fault drop@resumed"));
        Report report = Report.parse(pageflip.start(command).endsWith(0).out());

        assertCompleted(report);
        assertSums(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isEqualTo(1);
    }

    private Report endingPrecopy(String options) throws IOException {
        Report report = pageflip.migrateFromHere(precopyOptions(options));
        assertCompleted(report);
        return report;
    }

    private static List<String> precopyOptions(String options) {
        List<String> all = new ArrayList<>(
                List.of("--schedule", "precopy", "--mechanism", "pull", "--downtime-limit", "1", "--max-rounds", "2"));
        all.addAll(List.of("--on-timeout", "postcopy", "--max-bandwidth", "100M", "--workload", "uniform"));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        return all;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--schedule postcopy --mechanism stream | use --mechanism flip, or --mechanism pull",
                "--schedule postcopy --mechanism gift --backing anonymous | use --mechanism flip, or --mechanism pull",
                "--schedule handover --mechanism pull | --schedule handover lets both agents map the same pages",
                "--schedule postcopy --mechanism pull --prefetch 0 | --prefetch 0: it must be from 1 to",
                "--schedule postcopy --mechanism pull --prefetch 262145 | --prefetch 262145: it must be from 1 to",
                "--schedule postcopy --mechanism pull --prefetch x | --prefetch",
                "--schedule postcopy --mechanism pull --no-move | --no-move",
                "--schedule postcopy --mechanism pull --on-timeout postcopy | --on-timeout is for --schedule precopy",
                "--schedule precopy --mechanism stream --on-timeout postcopy | use --mechanism pull",
                "--schedule precopy --mechanism gift --backing anonymous --on-timeout postcopy | use --mechanism pull",
                "--schedule precopy --mechanism pull --prefetch 4 | --prefetch is for --schedule postcopy",
            })
    void whatMakesNoSenseIsRefused(String options, String why) throws IOException {
        List<String> command = new ArrayList<>(List.of("migrate"));
        command.addAll(Arrays.asList(options.split(" ", -1)));

        assertThat(pageflip.start(command).endsWith(2).err()).contains(why);
    }

    @Test
    void aTimeLimitBelowNothingIsRefused() throws IOException {
        Run run = pageflip.start(
                        "destination", "--listen", "unix:" + pageflip.path("m.sock"), "--recover-timeout", "-1")
                .endsWith(2);

        assertThat(run.err()).contains("--recover-timeout -1: it must be from 0 to");
    }

    private Report fromHere(String options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--schedule", "postcopy", "--mechanism", "pull"));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        Report report = pageflip.migrateFromHere(all);
        assertCompleted(report);
        return report;
    }

    private Run start(String options) throws IOException {
        return pageflip.start(arguments(options));
    }

    /** Options of a source by hand that reports in JSON. */
    private static List<String> source(String fault, String... options) {
        List<String> source = new ArrayList<>(
                List.of("--schedule=postcopy", "--mechanism=pull", "--ram=32M", "--run-after=0.05", "--format=json"));
        if (options.length > 0 && options[0].startsWith("--ram=")) {
            source.remove("--ram=32M");
        }
        source.addAll(Arrays.asList(options));
        return with(fault, source);
    }

    private static List<String> destination(String fault, String... options) {
        List<String> destination = new ArrayList<>(List.of("--run-after=0.05", "--format=json"));
        destination.addAll(Arrays.asList(options));
        return with(fault, destination);
    }

    private static List<String> with(String fault, List<String> options) {
        if (!fault.equals("none")) {
            options.add("--fault=" + fault);
        }
        return options;
    }

    private static List<String> arguments(String options) {
        List<String> arguments = new ArrayList<>(
                List.of("migrate", "--schedule=postcopy", "--mechanism=pull", "--format=json", "--run-after=0.05"));
        arguments.addAll(Arrays.asList(options.split(" ", -1)));
        return arguments;
    }

    private Pageflip.Agents agents(String sourceFault, String destinationFault, String... options) throws IOException {
        // Nobody gives up while a test does something to one of them.
        return agents(sourceFault, destinationFault, List.of("--recover-timeout", "1000"), options);
    }

    private Pageflip.Agents agents(
            String sourceFault, String destinationFault, List<String> atDestination, String... options)
            throws IOException {
        List<String> source = new ArrayList<>(List.of("--schedule=postcopy", "--mechanism=pull"));
        source.addAll(Arrays.asList(options));
        if (!sourceFault.equals("none")) {
            source.addAll(List.of("--fault", sourceFault));
        }
        List<String> destination = new ArrayList<>(List.of("--run-after", "0.05", "--fault", destinationFault));
        destination.addAll(atDestination);
        return pageflip.agents(source, destination);
    }

    private static void assertCompleted(Report report) {
        JsonNode run = report.run();
        assertThat(run.path("status").asText()).isEqualTo("completed");
        assertThat(run.path("owner").asText()).isEqualTo("destination");
        assertThat(run.at("/verification/status").asText()).isEqualTo("match");
    }

    private static void assertLost(Run run, String why) {
        Report.parse(run.out()).assertEnded("lost", "nobody");
        assertThat(run.err().lines().filter(line -> line.startsWith("pageflip: ")))
                .singleElement()
                .asString()
                .startsWith("pageflip: lost: nobody has the guest: the guest is lost: ")
                .contains(why);
    }

    /** Every page that holds something was copied, after the switchover. */
    private static void assertLatePages(Report report) {
        assertSums(report);
        JsonNode late = report.at("/runs/0/postcopy");
        assertThat(report.pages("vram").path("copied").asLong()).isEqualTo(VRAM_PAGES);
        assertThat(report.pages("rom").path("copied").asLong()).isEqualTo(ROM_PAGES);
        long pages = report.at("/runs/0/pages/copied").asLong();
        assertThat(fetched(report))
                .as("all that were copied, and zeros that were touched")
                .isBetween(pages, report.at("/runs/0/pages/total").asLong());
        assertThat(late.path("faults").asLong())
                .isPositive()
                .isGreaterThanOrEqualTo(late.path("touched-pages").asLong());
        assertThat(late.path("waits").asLong()).isPositive();
        assertThat(late.at("/wait-ns/max").asLong())
                .isGreaterThanOrEqualTo(late.at("/wait-ns/p99").asLong());
        assertThat(late.path("last-page-ns").asLong()).isPositive();
    }

    private static long fetched(Report report) {
        JsonNode late = report.at("/runs/0/postcopy");
        return late.path("touched-pages").asLong()
                + late.path("prefetched-pages").asLong()
                + late.path("background-pages").asLong();
    }

    private static void assertSums(Report report) {
        JsonNode pages = report.at("/runs/0/pages");
        assertThat(pages.path("moved").asLong()).isZero();
        assertThat(pages.path("copied").asLong() + pages.path("zero").asLong())
                .isEqualTo(pages.path("total").asLong());
        assertThat(pages.at("/copy-reasons/mechanism-copies").asLong())
                .isEqualTo(pages.path("copied").asLong());
    }
}
