package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --schedule postcopy}: the guest runs before its pages are there, and all of them come, even if the source
 * dies; {@link KillIT} has the other deaths.
 */
final class PostcopyMigrateIT {
    private static final long VRAM_PAGES = 4096;
    private static final int FRAME_TRIES = 3;
    private static final List<String> DESTINATION = List.of("--run-after=0.05", "--prefetch=1", "--format=json");

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --vcpus 2 --fill 60 --workload uniform --dirty-rate 1M --batch 7 --prefetch 1",
                "--ram 17M --workload idle --fill 0 --batch 1 --prefetch 64 --channel pipe",
            })
    void everyPageComes(String options) throws IOException {
        Report report = migrate(options);

        assertLatePages(report);
        assertEvidenceIsAllThere(report);
    }

    @Test
    void hugePagesComeInTheirOwnSize() throws IOException {
        try (HugePages reserved = HugePages.reserve(16)) {
            assertThat(reserved).isNotNull();

            Report report = migrate("--backing hugetlb --ram 16M --prefetch 2");

            assertThat(report.pages("ram").path("moved").asLong()).isEqualTo(8);
            assertLatePages(report);
        }
    }

    @Test
    void needsNoPrivilege() throws IOException {
        Run run = pageflip.startCommand(Host.asOrdinaryUser(arguments("--ram 16M --vcpus 2")))
                .endsWith(0);

        Report report = Report.parse(run.out());
        assertCompleted(report);
        assertLatePages(report);
        assertThat(report.at("/request/schedule").asText()).isEqualTo("postcopy");
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isFalse();
    }

    /** From the moment at which the guest's state is there, the destination needs its source for nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"state", "released", "resumed"})
    void theDestinationGoesOnWithoutItsSource(String step) throws IOException {
        Report report = lateReport(() -> {
            Pageflip.Halves agents = pageflip.destinationHere(
                    List.of("--schedule=postcopy", "--ram=64M", "--fault=kill@" + step), DESTINATION);
            agents.there().endsWith(128 + 9);
            return Report.ofAgent(agents.here().endsWith(0).out());
        });

        assertLatePages(report);
        assertThat(report.run().path("owner").asText()).isEqualTo("destination");
        assertEvidenceIsAllThere(report);
    }

    /** Its frame numbers were noted before the switchover, where the destination can read them without the source. */
    private static void assertEvidenceIsAllThere(Report report) {
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isEqualTo(Host.isRoot());
        if (Host.isRoot()) {
            assertThat(report.at("/runs/0/evidence/same").asLong())
                    .isEqualTo(report.at("/runs/0/pages/moved").asLong());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"claimed", "resumed"})
    void aConnectionThatBreaksPausesNothing(String step) throws IOException {
        Report report = lateReport(() -> {
            Pageflip.Halves agents = pageflip.destinationHere(
                    List.of("--schedule=postcopy", "--ram=64M"),
                    Stream.concat(DESTINATION.stream(), Stream.of("--fault=drop@" + step))
                            .toList());
            agents.there().end();
            return Report.ofAgent(agents.here().endsWith(0).out());
        });

        assertLatePages(report);
        assertThat(report.at("/runs/0/postcopy/recoveries").asInt()).isZero();
        assertThat(report.at("/runs/0/postcopy/paused-ns").asLong()).isZero();
        assertEvidenceIsAllThere(report);
    }

    @Test
    void thePlainReportTellsBothFigures() throws IOException {
        Run run = pageflip.start("migrate", "--schedule=postcopy", "--ram=16M", "--run-after=0.05")
                .endsWith(0);

        assertThat(run.out())
                .contains(
                        "blackout      ",
                        " page faults included",
                        "postcopy      ",
                        " faults served; pages: ",
                        "fault latency median ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--prefetch 4                        | --prefetch is for --schedule postcopy",
                "--schedule handover --prefetch 4    | --prefetch is for --schedule postcopy",
                "--schedule postcopy --prefetch 0    | --prefetch 0: it must be from 1 to",
                "--schedule postcopy --mechanism stream | use --mechanism flip",
                "--schedule postcopy --no-gift       | --no-gift",
                "--schedule postcopy --no-move       | --no-move",
            })
    void whatMakesNoSenseIsRefused(String options, String why) throws IOException {
        List<String> command = new ArrayList<>(List.of("migrate"));
        command.addAll(Arrays.asList(options.split(" ", -1)));

        Run run = pageflip.start(command).endsWith(2);

        assertThat(run.err()).contains(why);
    }

    private interface Attempt {
        Report run() throws IOException;
    }

    private Report migrate(String options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--schedule", "postcopy"));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        return lateReport(() -> pageflip.migrateFromHere(all));
    }

    /** A frame may be relocated while it is compared: that is the kernel's right, and rare. */
    private static Report lateReport(Attempt attempt) throws IOException {
        Report report = attempt.run();
        assertCompleted(report);
        for (int i = 1;
                i < FRAME_TRIES
                        && report.at("/runs/0/evidence/relocated-by-kernel").asLong() > 0;
                i++) {
            report = attempt.run();
            assertCompleted(report);
        }
        return report;
    }

    private static String[] arguments(String options) {
        List<String> command = new ArrayList<>(List.of(
                Pageflip.launcher().toString(), "migrate", "--schedule=postcopy", "--format=json", "--run-after=0.05"));
        command.addAll(Arrays.asList(options.split(" ", -1)));
        return command.toArray(String[]::new);
    }

    private static void assertCompleted(Report report) {
        JsonNode run = report.run();
        assertThat(run.path("status").asText()).isEqualTo("completed");
        assertThat(run.at("/verification/status").asText()).isEqualTo("match");
        assertThat(run.at("/evidence/different").asLong()).isZero();
        long phases = 0;
        for (JsonNode phase : run.path("downtime-phases-ns")) {
            phases += phase.asLong();
        }
        assertThat(phases).isEqualTo(run.path("downtime-ns").asLong()).isPositive();
        assertThat(run.path("blackout-ns").asLong())
                .isGreaterThanOrEqualTo(run.path("downtime-ns").asLong());
    }

    /** All shared pages that are no holes were moved, and somebody's doing. */
    private static void assertLatePages(Report report) {
        JsonNode late = report.at("/runs/0/postcopy");
        assertThat(keys(late))
                .isEqualTo(Set.of(
                        "faults",
                        "touched-pages",
                        "prefetched-pages",
                        "background-pages",
                        "waits",
                        "wait-ns",
                        "last-page-ns",
                        "recoveries",
                        "paused-ns"));
        assertThat(keys(late.path("wait-ns"))).isEqualTo(Set.of("p50", "p90", "p99", "p99.9", "max"));
        for (String block : List.of("ram", "vram")) {
            assertThat(report.pages(block).path("copied").asLong()).as(block).isZero();
        }
        assertThat(report.pages("vram").path("moved").asLong()).isEqualTo(VRAM_PAGES);
        assertThat(late.path("touched-pages").asLong()
                        + late.path("prefetched-pages").asLong()
                        + late.path("background-pages").asLong())
                .isEqualTo(report.at("/runs/0/pages/moved").asLong());
        assertThat(late.path("faults").asLong())
                .isPositive()
                .isGreaterThanOrEqualTo(late.path("touched-pages").asLong());
        assertThat(late.path("waits").asLong())
                .isPositive()
                .isLessThanOrEqualTo(late.path("faults").asLong());
        assertThat(late.at("/wait-ns/p50").asLong()).isPositive();
        assertThat(late.at("/wait-ns/max").asLong())
                .isGreaterThanOrEqualTo(late.at("/wait-ns/p99").asLong());
        assertThat(late.path("last-page-ns").asLong()).isPositive();
    }

    private static Set<String> keys(JsonNode node) {
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }
}
