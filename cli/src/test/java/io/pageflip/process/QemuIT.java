package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Real QEMU beside pageflip: the one that is installed, and those that the variable {@code PAGEFLIP_QEMU} names, with
 * colons between them.
 */
final class QemuIT {
    private static final String INSTALLED = "qemu-system-x86_64";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private final List<String> binaries = new ArrayList<>();

    @BeforeEach
    void findBinaries() {
        Host.need(System.getProperty("os.arch").equals("amd64"), "the guest for QEMU is for x86-64");
        if (Host.has(INSTALLED)) {
            binaries.add(INSTALLED);
        }
        String more = System.getenv("PAGEFLIP_QEMU");
        Stream.of((more == null ? "" : more).split(":", -1))
                .filter(each -> !each.isEmpty())
                .forEach(binaries::add);
        Host.need(!binaries.isEmpty(), INSTALLED + " is not installed");
    }

    /**
     * With a downtime limit so long that the guest is paused after one pass over its pages: in a further pass, QEMU
     * before 9.0 without KVM loses what the guest writes.
     */
    @Test
    void eachModeOfEachVersionMigratesAGuestThatFindsItselfWhole() throws IOException {
        Path json = pageflip.path("q.json");
        Path csv = pageflip.path("q.csv");
        Path html = pageflip.path("q.html");

        Run run = compare(
                        "--qemu=" + String.join(",", binaries),
                        "--qemu-mode=all",
                        "--qemu-downtime-limit=20000",
                        "--export-json=" + json,
                        "--export-csv=" + csv,
                        "--export-html=" + html)
                .endsWith(0);

        JsonNode document = Report.parse(Files.readString(json)).document();
        assertThat(document.path("qemu").size() + document.path("skipped").size())
                .as("all modes of all versions: %s", run)
                .isEqualTo(9 * binaries.size());
        assertThat(document.path("qemu")).isNotEmpty().allSatisfy(row -> {
            assertThat(row.path("status").asText()).as("%s", row).isEqualTo("completed");
            JsonNode only = row.at("/runs/0");
            assertThat(only.at("/verification/status").asText()).as("%s", row).isEqualTo("match");
            boolean nobodyKnows = row.at("/options/mode").asText().equals("cpr-exec"); // who could say it is gone
            assertThat(only.path("says-ns").asLong(nobodyKnows ? 1 : 0))
                    .as("%s", row)
                    .isPositive();
            assertThat(only.path("stop-resume-ns").asLong()).as("%s", row).isPositive();
            assertThat(only.at("/seen/looks").asLong()).as("%s", row).isPositive();
            assertThat(row.at("/summary/peak-pss-bytes").asLong()).as("%s", run).isGreaterThan(32 << 20);
        });
        assertThat(document.path("skipped"))
                .allSatisfy(skipped -> assertThat(skipped.path("reason").asText())
                        .containsPattern("^qemu [0-9.]+ says: |it has no migration parameter"));
        assertThat(document.at("/cells/0/seen/0/looks").asLong()).isPositive();
        assertThat(run.out()).contains(" says ", "pageflip flip", "observer: looked every ");
        assertThat(Files.readAllLines(csv))
                .hasSize(1 + 1 + document.path("qemu").size());
        assertThat(Files.readString(html)).contains("What the programs say");
    }

    @Test
    void aQemuThatDiesIsARowWithItsLastWords() throws IOException {
        Run run = compare("--qemu=" + INSTALLED, "--qemu-mode=precopy", "--qemu-args=-device no-such-device")
                .endsWith(1);

        assertThat(run.out()).containsPattern("failed: 32M qemu .* precopy .*no-such-device");
    }

    @Test
    void whoeverKillsItFindsNothingLeft() throws IOException, InterruptedException {
        Run run = compare("--qemu=" + binaries.get(0), "--qemu-mode=precopy", "--runs=1000");
        Waiting.until("the socket of the destination", () -> {
            assertThat(run.process().isAlive()).as("%s", run).isTrue();
            return temporaryFiles().stream().anyMatch(path -> path.endsWith("destination.qmp"));
        });

        run.signal("KILL");
        run.process().onExit().join();

        Waiting.until("end of every process", () -> pageflip.alive().isEmpty());
        assertThat(temporaryFiles()).isEmpty();
    }

    /** What lies in the folders for QEMU, and these themselves. */
    private List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> all = Files.walk(pageflip.temporary())) {
            return all.filter(path -> path.toString().contains("/pageflip-")).toList();
        } catch (UncheckedIOException e) {
            return List.of(); // one of them went meanwhile
        }
    }

    @Test
    void whatMakesNoSenseIsRefused() throws IOException {
        assertThat(compare("--qemu-mode=precopy").endsWith(2).err()).contains("--qemu-mode is for --qemu");
        assertThat(compare("--qemu=" + INSTALLED, "--qemu-mode=teleport")
                        .endsWith(2)
                        .err())
                .contains("'teleport' is not one of all, cpr-transfer");
        assertThat(compare("--cpus=1-0").endsWith(2).err()).contains("--cpus 1-0: write numbers of processors");
        assertThat(compare("--cpus=8000").endsWith(2).err()).contains("--cpus 8000: this process may use none");
        assertThat(compare("--observer-cpu=5").endsWith(2).err()).contains("--observer-cpu is for --qemu");
        assertThat(compare("--qemu=" + INSTALLED, "--observer-cpu=101")
                        .endsWith(2)
                        .err())
                .contains("--observer-cpu 101.0: it must be from 0.1 to 100");
        assertThat(compare("--qemu=" + INSTALLED, "--reference=qemu")
                        .endsWith(2)
                        .err())
                .contains(
                        "--reference qemu: more than one row has these words; ",
                        "1 pageflip flip handover memfd, 2 qemu ");
        assertThat(compare("--qemu=/bin/false").endsWith(2).err()).contains("--qemu /bin/false: no QEMU answers");
        assertThat(compare("--qemu=" + INSTALLED, "--qemu-accel=xen")
                        .endsWith(2)
                        .err())
                .contains("'xen' is not one of tcg, kvm, auto");
    }

    private Run compare(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "compare",
                "--ram=32M",
                "--dirty-rate=1000",
                "--mechanism=flip",
                "--run-after=0.05",
                "--progress=never"));
        if (Arrays.stream(options).noneMatch(option -> option.startsWith("--runs="))) {
            arguments.add("--runs=1");
        }
        if (Arrays.stream(options).anyMatch(option -> option.startsWith("--qemu="))
                && Arrays.stream(options).noneMatch(option -> option.startsWith("--qemu-accel"))) {
            arguments.add("--qemu-accel=tcg");
        }
        arguments.addAll(Arrays.asList(options));
        return pageflip.start(arguments);
    }
}
