package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --schedule postcopy --mechanism pull}: the guest runs at the destination while its pages are still at the source. All of
 * them come, or the guest is lost, in those words; a connection that breaks meanwhile costs time and nothing else.
 */
final class PullPostcopyIT {
    private static final long VRAM_PAGES = 4096;
    private static final long ROM_PAGES = 65;

    /** A RECOVER frame, as whoever knows the protocol may send it. */
    private static final String RECOVER = "5047464c130000000400000002000000";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M",
                "--ram 64M --backing anonymous --vcpus 2 --fill 30 --batch 7 --prefetch 1",
                "--ram 33M --vcpus 3 --workload uniform --dirty-rate 1M --prefetch 64 --channel pipe",
                "--ram 64M --vcpus 2 --workload sequential --dirty-rate 1M --fill 60 --prefetch 5 --batch 13",
                "--ram 17M --workload idle --fill 0 --batch 1",
            })
    void everyPageComes(String options) throws IOException {
        Report report = migrate(options);

        assertLatePages(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isZero();
        assertThat(report.at("/runs/0/postcopy/paused-ns").asLong()).isZero();
        assertThat(report.at("/runs/0/blackout-ns").asLong())
                .isGreaterThanOrEqualTo(report.at("/runs/0/downtime-ns").asLong());
    }

    @Test
    void holesAreNotFetched() throws IOException {
        Report report = migrate("--ram 64M --fill 0 --workload idle");

        assertThat(report.pages("ram").path("copied").asLong()).isEqualTo(1);
        assertThat(report.at("/runs/0/pages/copied").asLong()).isEqualTo(1 + VRAM_PAGES + ROM_PAGES);
    }

    @Test
    void hugePagesComeInTheirOwnSize() throws IOException {
        try (Host.HugePages reserved = Host.HugePages.reserve(16)) {
            assertThat(reserved).isNotNull();

            Report report = migrate("--backing hugetlb --ram 16M --prefetch 2");

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
    void collectionsHangNothing() throws IOException {
        pageflip.javaOptions("-javaagent:" + GcStorm.packTo(pageflip.path("storm.jar")), "-Xmn1m");

        assertLatePages(migrate("--ram 64M --vcpus 2 --workload uniform --dirty-rate 200K --prefetch 1"));
    }

    @Test
    void comesThroughAShellPipe() throws IOException {
        Run run = pageflip.shell("\"$PAGEFLIP\" source --schedule postcopy --mechanism pull --ram 32M"
                + " | \"$PAGEFLIP\" destination --run-after 0.05");
        run.endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ", " faults served");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--destination-fault drop@ready", "--source-fault drop@state"})
    void aConnectionThatBreaksBeforeTheSwitchEndsTheMigrationIfItIsNoticedInTime(String options) throws IOException {
        Run run = start("--ram 16M " + options);

        if (run.end() == 1) {
            Report.parse(run.out()).assertLivesOnAtSource("failed");
        } else {
            assertCompleted(Report.parse(run.out())); // the switch was quicker than the news
        }
    }

    /** Until the epoch changes, the guest is the source's, which has all its pages; then it needs both. */
    @ParameterizedTest
    @CsvSource({
        "hello, 1",
        "ready, 1",
        "state, 1",
        "released, 1",
        "locked, 1",
        "claimed, 5",
        "resumed, 5",
        "first-pages, 5",
        "half-pages, 5",
        "last-page, 5"
    })
    void theGuestIsNeverForgottenWhenTheDestinationDies(String step, int exitCode) throws IOException {
        Run run = start("--ram 16M --destination-fault kill@" + step).endsWith(exitCode);

        if (exitCode == 1) {
            Report.parse(run.out()).assertLivesOnAtSource("failed");
        } else {
            assertLost(run, "the destination took it and died");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"hello", "ready", "state"})
    void theGuestDiesWithASourceThatHasItsPages(String step) throws IOException {
        assertLost(start("--ram 16M --source-fault kill@" + step).endsWith(5), "source");
    }

    /** The lock is free before the source dies, and dying takes a while: a small guest may be fetched by then. Never less than all of it. */
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
        assertLatePages(migrate("--ram 32M --source-fault kill@last-page"));
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

    /** Killed in the middle of fetching, the connection whole: what the destination notices first is that a page cannot be read. */
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

    @ParameterizedTest
    @CsvSource({"--destination-fault, kill@paused", "--destination-fault, kill@recover"})
    void theGuestDiesWithADestinationThatWasToGoOn(String option, String fault) throws IOException {
        assertLost(
                start("--ram 32M --source-fault drop@resumed " + option + " " + fault)
                        .endsWith(5),
                "the destination took it and died");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--destination-fault drop@claimed",
                "--destination-fault drop@resumed",
                "--destination-fault drop@half-pages",
                "--destination-fault drop@half-pages --backing anonymous --vcpus 2 --workload uniform --dirty-rate 1M",
            })
    void aConnectionThatBreaksComesBack(String options) throws IOException {
        Run run = start("--ram 64M --prefetch 1 " + options).endsWith(0);

        Report report = Report.parse(run.out());
        assertCompleted(report);
        assertLatePages(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isEqualTo(1);
        assertThat(report.at("/runs/0/postcopy/paused-ns").asLong()).isPositive();
        for (String status : List.of("postcopy-paused", "postcopy-recover", "postcopy-active")) {
            assertThat(run.err().lines().filter(line -> line.contains(status)))
                    .as("both agents say %s: %s", status, run)
                    .hasSize(2);
        }
    }

    /** The source breaks it: the pages may all be there before the destination notices, and then nothing is missing. */
    @Test
    void aConnectionThatTheSourceBreaksComesBackOrIsNotNeeded() throws IOException {
        Report report = migrate("--ram 64M --prefetch 1 --source-fault drop@resumed");

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
                agents("drop@resumed", "stop@paused", List.of("--recover-timeout", "1"), "--ram", "32M");
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

    @ParameterizedTest
    @CsvSource({
        "5047464c0b00000000000000, starts with CANCEL",
        "000000000000000000000000, no frame",
        RECOVER + ", is not the source",
    })
    void aStrangerIsNotTheSource(String bytes, String why) throws Exception {
        Pageflip.Agents agents = agents("stop@paused", "drop@half-pages", "--ram", "32M");
        agents.source().awaitStopped();
        Path socket = pageflip.path("m.sock");
        Waiting.until("a destination that listens again", () -> Files.exists(socket));

        try (SocketChannel stranger = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Waiting.until("a connection", () -> stranger.isConnected() || connects(stranger, socket));
            stranger.write(ByteBuffer.wrap(HexFormat.of().parseHex(bytes)));
            assertThat(answer(stranger)).contains(why);
        }
        agents.destination().awaitErr("not the source");

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
                "--ram 64M --vcpus 2 --dirty-rate 300K",
                "--ram 64M --backing anonymous --fill 40 --dirty-rate 300K --dirty-tracking log --batch 7 --prefetch 3",
                "--ram 17M --dirty-rate 1M --channel pipe",
            })
    void aPrecopyThatDoesNotConvergeEndsAsAPostcopy(String options) throws IOException {
        Report report = endingPrecopy(options + " --workload uniform --max-bandwidth 100M");

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
        try (Host.HugePages reserved = Host.HugePages.reserve(32)) {
            assertThat(reserved).isNotNull();

            Report report = endingPrecopy(
                    "--backing hugetlb --ram 32M --workload uniform --dirty-rate 300K --max-bandwidth 100M");

            assertSums(report);
            assertThat(fetched(report)).isPositive();
        }
    }

    @Test
    void aConnectionThatBreaksAfterAPrecopyComesBackToo() throws IOException {
        Report report = endingPrecopy("--ram 64M --workload uniform --dirty-rate 300K --max-bandwidth 100M"
                + " --destination-fault drop@resumed");

        assertSums(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isEqualTo(1);
    }

    private Report endingPrecopy(String options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "migrate",
                "--schedule=precopy",
                "--mechanism=pull",
                "--format=json",
                "--run-after=0.05",
                "--downtime-limit=1",
                "--max-rounds=2",
                "--on-timeout=postcopy"));
        command.addAll(Arrays.asList(options.split(" ", -1)));
        Report report = Report.parse(pageflip.start(command).endsWith(0).out());
        assertCompleted(report);
        return report;
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

    private Report migrate(String options) throws IOException {
        Report report = Report.parse(start(options).endsWith(0).out());
        assertCompleted(report);
        return report;
    }

    private Run start(String options) throws IOException {
        return pageflip.start(arguments(options));
    }

    private static List<String> arguments(String options) {
        List<String> arguments = new ArrayList<>(
                List.of("migrate", "--schedule=postcopy", "--mechanism=pull", "--format=json", "--run-after=0.05"));
        arguments.addAll(Arrays.asList(options.split(" ", -1)));
        return arguments;
    }

    private Pageflip.Agents agents(String sourceFault, String destinationFault, String... options) throws IOException {
        return agents(sourceFault, destinationFault, List.of(), options);
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

    /** Every page that holds something was copied, after the switch. */
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
