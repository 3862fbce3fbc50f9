package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.Quantity;
import io.pageflip.os.HostCapabilities;
import io.pageflip.ram.Backing;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code --sharer}: pages that a third process maps are copied, and nothing else is; and it never outlives the source.
 */
final class SharerIT {
    private static final long VRAM_PAGES = 4096;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @CsvSource({
        // RAM, fill, sharer, other options
        "64M, 60,  20,  --vcpus 2 --workload uniform --dirty-rate 1M --batch 7",
        "64M, 60,  5,   --schedule postcopy --workload uniform --dirty-rate 1M",
        "64M, 100, 20,  --schedule stop-and-move --vcpus 2 --channel pipe",
        "17M, 100, 100, --workload sequential --dirty-rate 1M --channel pipe",
        "1M,  0,   50,  --workload idle",
    })
    void whatItMapsIsCopiedAndNothingElse(String ram, int fill, int percent, String options) throws IOException {
        String guest = "--ram %s --fill %d --sharer %d%% ".formatted(ram, fill, percent);
        Report report = pageflip.migrateToHere(Arrays.asList((guest + options).split(" ", -1)));
        if (!options.contains("postcopy")) { // which reports more
            report.assertRunsCompleted("match");
        }
        assertThat(report.at("/runs/0/verification/status").asText()).isEqualTo("match");

        assertShared(report, stillMapped(ram, fill, percent));
    }

    /** The pages that hold data, of those that the seed chooses. */
    private static long stillMapped(String ram, int fill, int percent) {
        GuestConfig guest = new GuestConfig(Quantity.parseBytes(ram), Backing.MEMFD, 1, Workload.IDLE, 0, 10, fill, 1);
        PageBitmap shared = new Scenario(percent, RamConditions.PLAIN)
                .sharedPages(guest.blocks().get(GuestConfig.RAM).pages(), guest.seed());
        long pages = 0;
        for (long page = shared.nextSet(0); page < shared.pages(); page = shared.nextSet(page + 1)) {
            pages += guest.filled(page) ? 1 : 0;
        }
        return pages;
    }

    private static void assertShared(Report report, long pages) {
        assertThat(report.reasons("ram")).isEqualTo(pages == 0 ? Map.of() : Map.of("still-mapped", pages));
        assertThat(report.reasons("vram")).isEmpty();
        assertThat(report.pages("vram").path("moved").asLong()).isEqualTo(VRAM_PAGES);
        assertEvidence(report.at("/runs/0/evidence/still-mapped"), pages);
    }

    private static void assertEvidence(JsonNode evidence, long pages) {
        assertThat(evidence.path("pages").asLong()).isEqualTo(pages);
        if (HostCapabilities.frameNumbersVisible() && Host.isRoot()) {
            Report.assertKeys(evidence, Set.of("pages", "confirmed", "compared", "elsewhere"));
            assertThat(evidence.path("confirmed").asLong()).as("by the kernel").isEqualTo(pages);
            assertThat(evidence.path("compared").asLong()).isEqualTo(pages);
            assertThat(evidence.path("elsewhere").asLong()).isEqualTo(pages);
        }
    }

    /**
     * The destination has memory of its own for all of RAM then; what the source does not gift is its decision still.
     */
    @Test
    void withoutMovesItIsTheSecondReason() throws IOException {
        Report report = Report.parse(
                        migrate("--ram 16M --sharer 10% --no-move").endsWith(0).out())
                .assertCompleted("match");

        assertThat(report.at("/request/sharer").asInt()).isEqualTo(10);
        long shared = stillMapped("16M", 100, 10);
        assertThat(report.reasons("ram"))
                .isEqualTo(Map.of("still-mapped", shared, "move-not-requested", 4096 - shared));
        assertThat(report.at("/runs/0/evidence/still-mapped/elsewhere").asLong())
                .isEqualTo(report.at("/runs/0/evidence/still-mapped/compared").asLong());
    }

    @Test
    void needsNoPrivilege() throws IOException {
        Run run = pageflip.startCommand(Host.asOrdinaryUser(arguments("--ram 16M --sharer 10%")))
                .endsWith(0);

        Report report = Report.parse(run.out()).assertCompleted("match");
        long shared = stillMapped("16M", 100, 10);
        assertThat(report.reasons("ram")).isEqualTo(Map.of("still-mapped", shared));
        JsonNode evidence = report.at("/runs/0/evidence/still-mapped");
        Report.assertKeys(evidence, Set.of("pages", "compared", "elsewhere"));
        assertThat(evidence.path("compared").asLong()).isZero();
    }

    /** What is copied is what it was told to map: it is configuration, no guess from who is alive. */
    @ParameterizedTest
    @CsvSource({"handover", "stop-and-move", "postcopy"})
    void aSharerThatDiesMeanwhileChangesNothing(String schedule) throws Exception {
        Pageflip.Halves agents = pageflip.destinationHere(
                List.of(
                        "--ram=16M",
                        "--sharer=10%",
                        "--schedule=" + schedule,
                        "--fault=stop@ready",
                        "--run-after=0.05",
                        "--format=json"),
                List.of("--run-after=0.05"));
        agents.there().awaitStopped();

        ProcessHandle sharer = sharer();
        sharer.destroyForcibly();
        Waiting.until("the end of the sharer", () -> isGone(sharer));
        agents.there().signal("CONT");
        agents.there().endsWith(0);
        agents.here().endsWith(0);

        Report report = Report.parse(agents.there().out());
        assertThat(report.at("/verification/status").asText()).isEqualTo("match");
        assertThat(report.at("/pages/copy-reasons/still-mapped").asLong()).isEqualTo(stillMapped("16M", 100, 10));
        assertEvidence(report.at("/evidence/still-mapped"), stillMapped("16M", 100, 10));
    }

    /** Nothing but the kernel can end a sharer that is stopped. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void neverOutlivesASourceThatIsKilled(boolean sharerStands) throws Exception {
        Pageflip.Halves agents = pageflip.destinationHere(
                List.of("--ram=16M", "--sharer=10%", "--fault=stop@ready"), List.of("--run-after=0.05"));
        agents.there().awaitStopped();
        ProcessHandle sharer = sharer();
        if (sharerStands) {
            new ProcessBuilder("kill", "-STOP", Long.toString(sharer.pid()))
                    .start()
                    .waitFor();
        }

        agents.there().signal("KILL");
        agents.there().end();
        agents.here().endsWith(1);

        Waiting.until("the end of the sharer", () -> isGone(sharer));
    }

    @ParameterizedTest
    @CsvSource({
        "handover, half-pages, 64M",
        "stop-and-move, locked, 16M",
        "postcopy, released, 16M",
    })
    void aFailedMigrationLeavesTheGuestWithAllOfItsMemory(String schedule, String step, String ram) throws IOException {
        Run run = migrate("--ram " + ram + " --sharer 20% --vcpus 2 --schedule " + schedule
                        + " --destination-fault kill@" + step)
                .endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("failed");
    }

    @ParameterizedTest
    @CsvSource({"hello", "first-pages", "half-pages"})
    void nothingIsLeftOfAGuestWhoseSourceDies(String step) throws IOException {
        Pageflip.Halves agents = pageflip.destinationHere(
                List.of("--ram=16M", "--sharer=20%", "--fault=kill@" + step), List.of("--run-after=0.05"));

        agents.there().endsWith(128 + 9);
        agents.here().endsWith(1);
    }

    /** Ctrl-C ends the sharer as well, in the middle of its start; and one that does not get on is not waited for. */
    @ParameterizedTest
    @CsvSource({"INT", "STOP"})
    void whoCancelsWhileItIsStartedKeepsTheGuest(String signal) throws Exception {
        Run run = migrate("--ram 16M --sharer 10% --source-fault wait@ready");
        Waiting.until("a sharer", () -> !sharers().isEmpty());

        new ProcessBuilder("kill", "-" + signal, Long.toString(sharers().get(0).pid()))
                .start()
                .waitFor();
        run.signal("INT");
        run.endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("cancelled");
    }

    @Test
    void thePlainReportTellsWhatTheKernelCounts() throws IOException {
        Run run = pageflip.start("migrate", "--ram=16M", "--sharer=5%", "--run-after=0.05")
                .endsWith(0);

        assertThat(run.out())
                .contains("204 still-mapped")
                .containsPattern(
                        HostCapabilities.frameNumbersVisible()
                                ? "(?m)^ +204 still mapped by a third process; the kernel's map counts confirm 204; "
                                        + "204 of 204 copies lie in another frame$"
                                : "(?m)^ +204 still mapped by a third process; the kernel's counts are hidden$");
    }

    private ProcessHandle sharer() {
        return sharers().get(0);
    }

    private List<ProcessHandle> sharers() {
        return pageflip.alive().stream()
                .filter(process -> process.info()
                        .arguments()
                        .map(Arrays::asList)
                        .orElse(List.of())
                        .contains("io.pageflip.scenario.SharerProcess"))
                .toList();
    }

    private boolean isGone(ProcessHandle process) {
        return pageflip.alive().stream().noneMatch(process::equals);
    }

    private Run migrate(String options) throws IOException {
        return pageflip.startCommand(Arrays.asList(arguments(options)));
    }

    private static String[] arguments(String options) {
        List<String> command = new ArrayList<>(List.of(
                Pageflip.launcher().toString(),
                "migrate",
                "--format=json",
                "--run-after=0.3")); // time for a line on the console, wherever the guest ends
        command.addAll(Arrays.asList(options.split(" ", -1)));
        return command.toArray(String[]::new);
    }
}
