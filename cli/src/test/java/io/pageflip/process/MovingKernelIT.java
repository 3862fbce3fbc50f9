package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A kernel that really moves gifted pages, in QEMU. The variable {@code PAGEFLIP_MOVING_KERNEL} names a folder with a
 * command {@code run [-t SECONDS] -- COMMAND …}, which boots it and runs a command on it that sees this host's files.
 */
final class MovingKernelIT {
    private static final String VARIABLE = "PAGEFLIP_MOVING_KERNEL";
    private static final int LIMIT_S = 1100;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private Path runner = Path.of("run");

    @BeforeEach
    void findKernel() {
        String folder = System.getenv(VARIABLE);
        Host.need(folder != null && !folder.isEmpty(), VARIABLE + " is not set");
        runner = Path.of(folder, "run").toAbsolutePath();
        Host.need(Files.isExecutable(runner), "there is no command " + runner);
        for (String hidden : List.of("/tmp", "/run", "/dev/shm")) {
            Host.need(
                    !Installation.CHECKOUT.startsWith(hidden),
                    "this checkout is below " + hidden + ", which is empty on that kernel");
        }
        for (String needed : List.of("qemu-system-x86_64", "busybox", "cpio")) {
            Host.need(Host.has(needed), needed + " is not installed");
        }
    }

    /**
     * One boot for all of it: it takes longer than what it is for. In what is predicted, each condition is a part of a
     * size of its own: had one of them moved that must not, the counts would tell.
     */
    @Test
    void giftedPagesMoveAndTheSimulatedKernelMovesTheSame() throws Exception {
        Output output =
                runInside("echo @refused; { \"$PAGEFLIP\" source --ram 16M --mechanism gift --backing anonymous 2>&1;"
                        + " echo code $?; } | cat; "
                        + "echo @check; \"$PAGEFLIP\" check --format json; "
                        + "echo @conditions; " + compare("--verify --thp 30% --forked 10% --unaligned 5%")
                        + "; echo @not-gifted; " + compare("--no-verify --no-gift")
                        + "; echo @not-asked-for; " + compare("--no-verify --no-move"));

        assertRefusedWithoutNoWayBack(output.part("refused"));
        assertCheckSaysSo(output.part("check"));
        JsonNode conditions = assertPredicted(output.part("conditions"), 2418);
        assertMoved(Report.parse(conditions.at("/cells/0").toString()));
        assertPredicted(output.part("not-gifted"), 0);
        assertPredicted(output.part("not-asked-for"), 0);
    }

    private static String compare(String options) {
        return "\"$PAGEFLIP\" compare --predict --mechanism gift --ram 16M --runs 1 --run-after 0.05 --dirty-rate 0"
                + " --no-way-back " + options + " --progress never --format json 2>/dev/null";
    }

    /** The simulated kernel moves what this one does, and copies the same for the same reasons. */
    private static JsonNode assertPredicted(String said, long moved) throws IOException {
        JsonNode document = new ObjectMapper().readTree(said);
        JsonNode predicted = document.at("/cells/0/predicted");
        assertThat(predicted.path("counts-equal").asBoolean()).as(said).isTrue();
        assertThat(predicted.at("/pages/moved").asLong()).isEqualTo(moved);
        return document;
    }

    private static void assertRefusedWithoutNoWayBack(String said) {
        assertThat(said).contains("code 4").contains("--no-way-back");
    }

    private static void assertCheckSaysSo(String said) throws IOException {
        JsonNode check = new ObjectMapper().readTree(said);
        Map<String, Boolean> found = new HashMap<>();
        check.path("capabilities")
                .forEach(c ->
                        found.put(c.path("name").asText(), c.path("available").asBoolean()));
        assertThat(found).as("%s", said).containsEntry("gifted-pages-move", true);
    }

    private static void assertMoved(Report report) {
        assertThat(report.at("/runs/0/verification/status").asText()).isEqualTo("match");
        assertThat(report.pages("ram").path("moved").asLong()).isEqualTo(2418);
        assertThat(report.reasons("ram")).isEqualTo(Map.of("kernel-declined", 4096L - 2418));
        assertThat(report.reasons("vram"))
                .as("the patch moves anonymous pages, and vram is a memfd")
                .isEqualTo(Map.of("kernel-declined", 4096L));
        assertThat(report.reasons("rom")).isEqualTo(Map.of("not-page-sized", 65L));
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isTrue();
        assertThat(report.at("/runs/0/evidence/same").asLong()).isEqualTo(2418);
        assertThat(report.at("/runs/0/evidence/decided-by").asText()).isEqualTo("frames");
    }

    /** What a script wrote, in parts that begin with a line {@code @NAME}. */
    private record Output(String text) {
        String part(String name) {
            String mark = "@" + name + "\n";
            assertThat(text).contains(mark);
            int start = text.indexOf(mark) + mark.length();
            int end = text.indexOf("\n@", start);
            return end < 0 ? text.substring(start) : text.substring(start, end);
        }
    }

    private Output runInside(String script) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(Arrays.asList(runner.toString(), "-t", Integer.toString(LIMIT_S), "--"));
        command.addAll(List.of("sh", "-c", "PAGEFLIP='" + Installation.CHECKOUT + "'; " + script));
        Run run = pageflip.startCommand(command);
        assertThat(run.process().waitFor(Duration.ofSeconds(LIMIT_S + 60L).toSeconds(), TimeUnit.SECONDS))
                .as("ends: %s", run)
                .isTrue();
        run.end();
        return new Output(run.out().replace("\r", ""));
    }
}
