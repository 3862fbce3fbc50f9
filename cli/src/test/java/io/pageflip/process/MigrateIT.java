package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ram.Backing;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pageflip migrate}: every mechanism over every channel, guests of every kind, and the report of each. */
final class MigrateIT {
    private static final long VRAM_PAGES = 4096;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--channel unix --ram 64M --fill 60 --vcpus 2 --workload uniform --dirty-rate 1M --batch 7",
                "--schedule stop-and-move --channel pipe --ram 64M --fill 60 --vcpus 2 --workload uniform --dirty-rate 1M"
                        + " --batch 7 --seed 7",
                "--channel pipe --ram 17M --fill 0 --workload idle --batch 1",
            })
    void flipMovesAllThatIsSharedAndWhole(String options) throws IOException {
        Report report = migrate("--mechanism flip " + options);

        for (String block : List.of("ram", "vram")) {
            assertThat(report.pages(block).path("copied").asLong()).as(block).isZero();
        }
        assertThat(report.pages("vram").path("moved").asLong()).isEqualTo(VRAM_PAGES);
        assertHoles(report);
        assertRomIsCopied(report, Map.of("private-memory", 64L, "not-page-sized", 1L));
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isEqualTo(Host.isRoot());
        assertThat(report.at("/runs/0/evidence/decided-by").asText()).isEqualTo(Host.isRoot() ? "frames" : "none");
    }

    /** On a kernel that moves gifted pages this is refused; see {@link MovingKernelIT}. */
    @Test
    void giftIsAsked() throws IOException {
        Report report = migrate("--mechanism gift --backing anonymous --ram 64M --fill 60 --vcpus 2 --workload uniform"
                + " --dirty-rate 1M --batch 7");

        for (String block : List.of("ram", "vram")) {
            assertThat(report.reasons(block)).as(block).containsOnlyKeys("kernel-declined");
        }
        assertHoles(report);
        assertRomIsCopied(report, Map.of("not-page-sized", 65L));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--mechanism stream --channel pipe --backing anonymous",
                "--mechanism pull --channel unix",
            })
    void copyingMechanismsCopy(String options) throws IOException {
        Report report =
                migrate("--ram 64M --fill 60 --vcpus 2 --workload uniform --dirty-rate 1M --batch 7 " + options);

        for (String block : List.of("ram", "vram", "rom")) {
            assertThat(report.reasons(block)).as(block).containsOnlyKeys("mechanism-copies");
        }
        assertThat(report.at("/runs/0/pages/moved").asLong()).isZero();
        assertThat(report.at("/runs/0/ram/transferred").asLong())
                .as("only stream sends the bytes themselves")
                .satisfies(bytes -> assertThat(
                                bytes >= report.at("/runs/0/ram/normal-bytes").asLong())
                        .isEqualTo(options.contains("stream")));
        assertHoles(report);
    }

    /** The other two of the four: {@link PredictionIT}. */
    @Test
    void withoutGiftOrMoveEveryPageIsCopiedForThatReason() throws IOException {
        Report notGifted = migrate("--ram 16M --no-gift --mechanism flip");
        Report notMoved = migrate("--ram 16M --no-move --mechanism gift --backing anonymous");

        for (String block : List.of("ram", "vram")) {
            assertThat(notGifted.reasons(block)).containsOnlyKeys("not-gifted");
            assertThat(notMoved.reasons(block)).containsOnlyKeys("move-not-requested");
        }
        assertThat(notGifted.at("/request/gift").asBoolean()).isFalse();
        assertThat(notMoved.at("/request/move").asBoolean()).isFalse();
        for (Report report : List.of(notGifted, notMoved)) {
            assertThat(report.at("/runs/0/pages/moved").asLong()).isZero();
        }
        assertRomIsCopied(notGifted, Map.of("private-memory", 64L, "not-page-sized", 1L));
        assertRomIsCopied(notMoved, Map.of("not-page-sized", 65L));
    }

    @Test
    void hugePagesAreCountedInTheirOwnSize() throws IOException {
        try (HugePages reserved = HugePages.reserve(16)) {
            assertThat(reserved).isNotNull();

            Report report = migrate("--backing hugetlb --ram 16M --batch 3 --mechanism flip");

            assertThat(report.pages("ram").path("total").asLong()).isEqualTo(8);
            assertThat(report.pages("ram").path("moved").asLong()).isEqualTo(8);
            assertThat(report.at("/runs/0/blocks/0/page-size").asInt()).isEqualTo(2 << 20);
            assertThat(report.at("/runs/0/ram/page-size").asInt()).isEqualTo(2 << 20);
            assertThat(report.at("/runs/0/blocks/1/page-size").asInt()).isEqualTo(4096);
        }
    }

    @Test
    void severalRunsAreSummedUpAndTextSaysWhatAPersonWantsToKnow() throws IOException {
        Path file = pageflip.path("report.json");

        Run run = pageflip.start(
                        "migrate --ram 16M --run-after 0.05 --runs 2 --warmup 1 --progress always --export-json"
                                .concat(" " + file)
                                .split(" ", -1))
                .endsWith(0);

        Report report = Report.parse(Files.readString(file)).assertCompleted("match");
        assertThat(report.at("/runs")).hasSize(2);
        assertThat(report.at("/request/warmup").asInt()).isEqualTo(1);
        assertThat(run.err()).contains("\r", "starting").doesNotContain("pageflip:");
        assertThat(run.out())
                .containsPattern("(?m)^status +completed: the guest is at the destination$")
                .containsPattern("(?m)^downtime +[0-9.]+ (us|ms)$")
                .containsPattern("(?m)^ +stop .* \\+ pages .* \\+ save .* \\+ release ")
                .containsPattern(
                        "(?m)^pages +8,192 moved, 65 copied \\(1 not-page-sized, 64 private-memory\\), 0 zero$")
                .containsPattern(
                        "(?m)^verification +match: 8,257 pages of 4 KiB, 0 lost, 0 stale, 0 torn, 0 misplaced; ")
                .containsPattern("(?m)^runs +2; downtime min ");
    }

    @Test
    void quietPrintsNothingAndTheFileIsWritten() throws IOException {
        Path file = pageflip.path("report.json");

        Run run = pageflip.start(
                        "migrate", "--ram=16M", "--run-after=0.05", "--no-verify", "--quiet", "--export-json=" + file)
                .endsWith(0);

        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEmpty();
        Report report = Report.parse(Files.readString(file)).assertCompleted("skipped");
        assertThat(report.at("/request/verify").asBoolean()).isFalse();
    }

    /** Netty, for one, looks for a network card. */
    @Test
    void nothingIsSaidOfANetworkThatIsNotThere() throws IOException {
        Host.need(Host.isRoot() && Host.has("unshare"), "only root, by unshare(1), can do without a network");

        Run run = pageflip.startCommand(List.of(
                        "unshare", "--net", Pageflip.launcher().toString(), "migrate", "--ram=16M", "--run-after=0.05"))
                .endsWith(0);

        assertThat(run.err()).isEmpty();
    }

    /** Whose report goes to a file as well, which says what is printed. */
    private Report migrate(String options) throws IOException {
        Path file = pageflip.path("report.json");
        List<String> arguments = new ArrayList<>(
                List.of("migrate", "--format", "json", "--run-after", "0.05", "--export-json", file.toString()));
        arguments.addAll(Arrays.asList(options.split(" ", -1)));
        Run run = pageflip.start(arguments).endsWith(0);
        assertThat(run.err()).isEmpty();
        assertThat(Files.readString(file)).isEqualTo(run.out());
        return Report.parse(run.out()).assertCompleted("match");
    }

    private static void assertRomIsCopied(Report report, Map<String, Long> reasons) {
        assertThat(report.reasons("rom")).isEqualTo(reasons);
    }

    /** Exactly the pages that were never written are zero. */
    private static void assertHoles(Report report) {
        JsonNode request = report.at("/request");
        GuestConfig guest = new GuestConfig(
                request.path("ram").asLong(),
                Backing.MEMFD,
                request.path("vcpus").asInt(),
                Workload.IDLE,
                request.path("dirty-rate").asLong(),
                request.path("hot-set").asInt(),
                request.path("fill").asInt(),
                request.path("seed").asLong());
        long holes = LongStream.range(0, guest.ramBytes() / 4096)
                .filter(page -> !guest.filled(page))
                .count();
        assertThat(report.pages("ram").path("zero").asLong()).isEqualTo(holes);
        assertThat(report.pages("vram").path("zero").asLong()).isZero();
    }
}
