package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --adopt}: a guest that was started in private memory is flipped, but for what a device has pinned. */
final class AdoptIT {
    private static final long PINNED = 16;
    private static final long VRAM_PAGES = 4096;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @BeforeEach
    void needAdoption() {
        Capability adopt = HostCapabilities.probeAdopt();
        Host.need(adopt.available(), "nothing can be adopted here: " + adopt.detail());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --vcpus 2 --fill 60 --workload uniform --dirty-rate 100M --batch 7",
                "--ram 17M --fill 30 --adopt-chunk 4K --dirty-rate 1M",
                "--ram 33M --adopt-chunk 92K --vcpus 3 --schedule stop-and-move --workload sequential --dirty-rate 100M"
                        + " --channel pipe",
            })
    void everyPageIsMovedButThePinnedOnes(String options) throws IOException {
        Report report = fromHere(options).assertRunsCompleted("match");

        assertAdopted(report);
        assertThat(report.reasons("ram")).isEqualTo(Map.of("pinned", PINNED));
        assertThat(report.reasons("vram")).isEmpty();
        assertThat(report.reasons("rom")).isEqualTo(Map.of("private-memory", 64L, "not-page-sized", 1L));
        assertThat(report.pages("vram").path("moved").asLong()).isEqualTo(VRAM_PAGES);
    }

    /** It counts what was copied: the pages that hold data, and are not pinned, each once. */
    private static void assertAdopted(Report report) {
        JsonNode adopt = report.at("/runs/0/adopt");
        Report.assertKeys(
                adopt,
                Set.of(
                        "chunks",
                        "chunk-bytes",
                        "duration-ns",
                        "copied-bytes",
                        "pinned-pages",
                        "waits",
                        "longest-stall-ns"));
        JsonNode ram = report.pages("ram");
        assertThat(adopt.path("copied-bytes").asLong())
                .isEqualTo(ram.path("moved").asLong() * 4096);
        assertThat(adopt.path("pinned-pages").asLong()).isEqualTo(PINNED);
        assertThat(adopt.path("chunks").asLong() * adopt.path("chunk-bytes").asLong())
                .isGreaterThanOrEqualTo((ram.path("total").asLong() - PINNED) * 4096);
        assertThat(adopt.path("longest-stall-ns").asLong() > 0)
                .isEqualTo(adopt.path("waits").asLong() > 0);
    }

    @Test
    void aGuestOfHolesHasNothingToCopy() throws IOException {
        Report report = fromHere("--ram 17M --fill 0 --workload idle").assertRunsCompleted("match");

        assertThat(report.pages("ram").path("zero").asLong()).isEqualTo((17 << 8) - 1);
        assertThat(report.at("/runs/0/adopt/copied-bytes").asLong()).isEqualTo(4096);
        assertThat(report.at("/runs/0/adopt/pinned-pages").asLong()).isZero();
    }

    @Test
    void itsPagesComeAfterTheSwitchToo() throws IOException {
        Report report = fromHere("--ram 64M --adopt-chunk 64M --schedule postcopy --vcpus 2 --fill 70 --dirty-rate 1M");

        assertAdopted(report);
        assertThat(report.reasons("ram")).isEqualTo(Map.of("pinned", PINNED));
        assertThat(report.at("/runs/0/verification/status").asText()).isEqualTo("match");
    }

    /** Copies, too, tell pinned pages from the others. */
    @ParameterizedTest
    @CsvSource({"--no-gift, not-gifted", "--no-move, move-not-requested"})
    void whatIsNotMovedIsCopiedForThatReason(String option, String reason) throws IOException {
        Report report = fromHere("--ram 16M --schedule stop-and-move " + option).assertRunsCompleted("match");

        assertThat(report.reasons("ram")).isEqualTo(Map.of("pinned", PINNED, reason, 4096 - PINNED));
    }

    @Test
    void needsNoPrivilege() throws IOException {
        Run run = pageflip.startCommand(
                        Host.asOrdinaryUser(arguments("--ram 16M --adopt-chunk 92K --vcpus 2 --dirty-rate 1M")))
                .endsWith(0);

        Report report = Report.parse(run.out()).assertCompleted("match");
        assertAdopted(report);
        assertThat(report.at("/request/backing").asText()).isEqualTo("anonymous");
        assertThat(report.at("/request/mechanism").asText()).isEqualTo("flip");
        assertThat(report.at("/request/adopt-chunk").asLong()).isEqualTo(92 << 10);
        assertThat(report.at("/runs/0/adopt/chunk-bytes").asLong()).isEqualTo(92 << 10);
        assertThat(report.reasons("ram")).isEqualTo(Map.of("pinned", PINNED));
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isFalse();
    }

    /**
     * A vCPU that waits for a chunk must not keep the collector waiting, and with it the thread that adopts the chunk.
     */
    @Test
    void collectionsHangNothing() throws IOException {
        pageflip.gcStorms();

        assertAdopted(Report.parse(start("--ram 16M --vcpus 2 --workload uniform --dirty-rate 100M")
                        .endsWith(0)
                        .out())
                .assertCompleted("match"));
        assertThat(pageflip.gcStormsSeen()).as("storms").isEqualTo(2);
    }

    /** In private memory and in the memfd, wherever it was when the migration failed. */
    @ParameterizedTest
    @CsvSource({
        "hello, handover",
        "half-pages, handover",
        "released, handover",
        "half-pages, stop-and-move",
        "locked, stop-and-move",
        "released, postcopy"
    })
    void theGuestGoesOnWhereItIs(String step, String schedule) throws IOException {
        boolean early = step.equals("hello");
        int ramMib = early ? 256 : 64; // so much that the end of the destination is noticed long before that of the RAM
        Pageflip.Halves agents = pageflip.sourceHere(
                List.of(
                        "--backing=anonymous",
                        "--adopt",
                        "--adopt-chunk=" + (early ? "4K" : "256K"), // slower, or quicker
                        "--ram=" + ramMib + "M",
                        "--vcpus=2",
                        "--dirty-rate=1M",
                        "--fill=80",
                        "--schedule=" + schedule,
                        "--run-after=0.3", // time for a line on the console
                        "--format=json"),
                List.of("--fault=kill@" + step));
        agents.there().endsWith(128 + 9);
        Report report = Report.ofAgent(agents.here().endsWith(1).out());

        report.assertLivesOnAtSource("failed");
        long copied = report.at("/runs/0/adopt/copied-bytes").asLong();
        long half = (long) ramMib << 19;
        if (early) {
            assertThat(copied).as("adopted until it was noticed").isLessThan(half);
        } else {
            assertThat(copied).isGreaterThan(half);
        }
    }

    @Test
    void thePlainReportTellsTheStall() throws IOException {
        Run run = pageflip.start("migrate", "--backing=anonymous", "--adopt", "--ram=16M", "--run-after=0.05")
                .endsWith(0);

        assertThat(run.out())
                .containsPattern(
                        "(?m)^adopt +6[0-9] chunks of 256K at most in [0-9.]+ (us|ms), 15.9 MiB copied, 16 pages pinned$")
                .containsPattern("(?m)^ +(no vCPU waited|vCPUs waited [0-9]+ times?, the longest [0-9.]+ (us|ms))$");
    }

    @Test
    void whoIsInterruptedMeanwhileKeepsTheGuestAtTheSource() throws Exception {
        Run run = pageflip.start(("migrate --backing anonymous --adopt --adopt-chunk 4K --ram 512M --run-after 0.05"
                                + " --progress always --source-fault wait@ready")
                        .split(" ", -1))
                .awaitErr("adopting private memory");

        run.signal("INT");
        run.endsWith(1);

        assertThat(run.out())
                .contains("cancelled: the guest stays at the source", "match: ")
                .containsPattern("(?m)^adopt +[0-9,]+ chunks? of 4K");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--adopt                       | use --backing anonymous, or leave --adopt out",
                "--backing anonymous --adopt --adopt-chunk 6K | --adopt-chunk 6K: it must be whole pages of 4K",
            })
    void whatMakesNoSenseIsRefused(String options, String why) throws IOException {
        List<String> command = new ArrayList<>(List.of("migrate"));
        command.addAll(Arrays.asList(options.split(" ", -1)));

        assertThat(pageflip.start(command).endsWith(2).err()).contains(why);
    }

    private Report fromHere(String options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--backing", "anonymous", "--adopt"));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        return pageflip.migrateFromHere(all);
    }

    private Run start(String options) throws IOException {
        return pageflip.startCommand(Arrays.asList(arguments(options)));
    }

    private static String[] arguments(String options) {
        List<String> command = new ArrayList<>(List.of(
                Pageflip.launcher().toString(),
                "migrate",
                "--backing=anonymous",
                "--adopt",
                "--format=json",
                "--run-after=0.3")); // time for a line on the console, wherever the guest ends
        command.addAll(Arrays.asList(options.split(" ", -1)));
        return command.toArray(String[]::new);
    }
}
