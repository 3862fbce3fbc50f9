package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code --thp}, {@code --forked}, {@code --unaligned} on this kernel, which moves no gifted page;
 * {@link MovingKernelIT} has one that does.
 */
final class RamConditionsIT {
    private static final String CONDITIONS = "--backing anonymous --ram 16M --thp 30% --forked 20%";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @BeforeEach
    void needHugePages() throws IOException {
        Path enabled = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        Host.need(
                Files.exists(enabled) && !Files.readString(enabled).contains("[never]"),
                "this host has no transparent huge pages, or they are off");
    }

    @ParameterizedTest
    @CsvSource({
        "--mechanism gift --unaligned 10% --batch 7 --vcpus 2",
        "--mechanism gift --unaligned 10% --schedule precopy --channel pipe",
        "--mechanism stream --schedule precopy --vcpus 2",
        "--mechanism pull --schedule precopy"
    })
    void theGuestArrives(String options) throws IOException {
        Report report = Report.parse(run("migrate --format json --dirty-rate 100K " + CONDITIONS + " " + options)
                .endsWith(0)
                .out());

        assertThat(report.at("/runs/0/verification/status").asText()).isEqualTo("match");
        assertThat(report.at("/runs/0/pages/moved").asLong()).isZero();
        assertThat(report.at("/runs/0/pages/copied").asLong()).isEqualTo(8257);
        assertThat(report.at("/request/thp").asInt()).isEqualTo(30);
        assertThat(report.at("/request/forked").asInt()).isEqualTo(20);
    }

    @Test
    void theSimulatedKernelSaysTheSame() throws IOException {
        Run run = run("compare --predict --format json --runs 1 --mechanism gift --dirty-rate 0 --unaligned 10% "
                        + CONDITIONS)
                .endsWith(0);

        JsonNode cell = new ObjectMapper().readTree(run.out()).at("/cells/0");
        assertThat(cell.at("/predicted/counts-equal").asBoolean()).as(run.out()).isTrue();
        JsonNode pages = cell.at("/predicted/pages");
        assertThat(pages.path("moved").asLong()).isZero();
        assertThat(pages.at("/copy-reasons/kernel-declined").asLong()).isEqualTo(8192);
    }

    /** With a handover the guest writes to them meanwhile. */
    @ParameterizedTest
    @CsvSource({"handover --vcpus 2 --dirty-rate 100M --workload uniform", "stop-and-move --batch 7"})
    void pagesThatTheDestinationHasOrHasNoPlaceForAreToldAsTheyWereForetold(String options) throws IOException {
        Run run =
                run("compare --predict --format json --runs 1 --verify --mechanism flip --ram 64M --present 10% --unmapped 20%"
                                + " --schedule " + options)
                        .endsWith(0);

        JsonNode cell = new ObjectMapper().readTree(run.out()).at("/cells/0");
        assertThat(cell.at("/predicted/counts-equal").asBoolean()).as(run.out()).isTrue();
        JsonNode pages = cell.at("/predicted/pages");
        assertThat(pages.at("/decline-reasons/already-present").asLong()).isEqualTo(32 * 51);
        assertThat(pages.at("/decline-reasons/no-mapping").asLong()).isEqualTo(32 * 102);
        assertThat(pages.path("moved").asLong()).isEqualTo(16384 + 4096 - 32 * 153);
        assertThat(pages.path("declined").asLong()).isEqualTo(32 * 153);
        assertThat(cell.at("/runs/0/pages")).isEqualTo(pages);
        assertThat(cell.at("/runs/0/verification/status").asText()).isEqualTo("match");
    }

    /** The end of every test: no process is left. */
    @Test
    void theChildNeverOutlivesASourceThatIsKilled() throws IOException {
        run("migrate --source-fault kill@ready " + CONDITIONS).endsWith(5);
    }

    private Run run(String line) throws IOException {
        List<String> arguments = new ArrayList<>(Arrays.asList(line.split(" ", -1)));
        arguments.add("--run-after=0.05");
        return pageflip.start(arguments.toArray(String[]::new));
    }
}
