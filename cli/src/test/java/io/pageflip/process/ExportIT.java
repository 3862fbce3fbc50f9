package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.json.GuestperfKeys;
import io.pageflip.json.JsonSchemas;
import io.pageflip.json.TraceRules;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Real migrations, exported in the formats of other programs, and read by those programs where they are there. */
final class ExportIT {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private JsonNode json(String name) throws IOException {
        return MAPPER.readTree(pageflip.path(name).toFile());
    }

    private Run run(String command, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(command, "--ram=16M", "--run-after=0.1", "--progress=never"));
        arguments.addAll(Arrays.asList(options));
        for (String kind : List.of("json", "trace", "hyperfine", "guestperf", "openmetrics")) {
            arguments.add("--export-" + kind + "=" + pageflip.path(kind));
        }
        return pageflip.start(arguments).endsWith(0);
    }

    @Test
    void aPostcopyIsExportedInEveryFormat() throws IOException, InterruptedException {
        run("migrate", "--schedule=postcopy", "--prefetch=1", "--vcpus=2", "--runs=2");

        JsonNode report = json("json");
        JsonSchemas.assertValid(report);
        JsonNode trace = json("trace");
        assertThat(TraceRules.problems(trace)).isEmpty();
        assertThat(pids(trace)).hasSize(4);
        for (JsonNode run : report.path("runs")) {
            String source = run.at("/trace/source-pid").asText();
            String destination = run.at("/trace/destination-pid").asText();
            assertThat(names(trace, source)).contains("setup", "stop", "save", "release", "runs", "paused");
            assertThat(names(trace, destination))
                    .contains("setup", "notice", "load", "resume", "postcopy pages", "batch", "runs");
            assertThat(run.at("/trace/batches/pages")).isNotEmpty();
            assertThat(waits(run)).isEqualTo(run.at("/postcopy/waits").asLong()).isPositive();
        }
        assertThat(trace.path("traceEvents"))
                .filteredOn(event -> event.path("name").asText().equals("waits for a page"))
                .isNotEmpty();
        assertHyperfine(report);
        readGuestperf();
        readOpenMetrics();
    }

    /** In a trace there is room for every wait of so small a guest. */
    private static long waits(JsonNode run) {
        long waits = 0;
        for (JsonNode vcpu : run.at("/trace/vcpus")) {
            waits += vcpu.at("/waits/start-ns").size()
                    + vcpu.at("/waits/left-off").asLong();
        }
        return waits;
    }

    @Test
    void aComparisonIsExportedInEveryFormat() throws IOException, InterruptedException {
        run("compare", "--mechanism=stream,flip", "--schedule=precopy,handover", "--runs=1", "--dirty-rate=1000");

        JsonNode comparison = json("json");
        JsonSchemas.assertValid(comparison);
        JsonNode trace = json("trace");
        assertThat(TraceRules.problems(trace)).isEmpty();
        assertThat(comparison.path("cells")).hasSize(2);
        JsonNode precopy = comparison.at("/cells/0/runs/0");
        assertThat(names(trace, precopy.at("/trace/source-pid").asText())).contains("round 1", "pages");
        assertThat(names(
                        trace,
                        comparison.at("/cells/1/runs/0/trace/destination-pid").asText()))
                .contains("receive");
        assertThat(json("hyperfine").path("results"))
                .extracting(result -> result.at("/parameters/schedule").asText())
                .containsExactly("precopy", "handover");
        assertThat(json("guestperf").path("progress_history"))
                .extracting(progress -> progress.path("status").asText())
                .startsWith("setup", "active")
                .endsWith("device", "completed");
        readGuestperf();
        readOpenMetrics();
    }

    @Test
    void aPingPongIsTwoProcessesThatTakeTurns() throws IOException {
        run("migrate", "--ping-pong", "--runs=3");

        JsonNode trace = json("trace");
        assertThat(TraceRules.problems(trace)).isEmpty();
        assertThat(pids(trace)).hasSize(2);
        assertThat(trace.path("traceEvents"))
                .filteredOn(event -> event.path("ph").asText().equals("s"))
                .hasSize(3);
    }

    private static Set<String> pids(JsonNode trace) {
        Set<String> pids = new TreeSet<>();
        trace.path("traceEvents").forEach(event -> pids.add(event.path("pid").asText()));
        return pids;
    }

    /** The names of a process's slices. */
    private static Set<String> names(JsonNode trace, String pid) {
        Set<String> names = new TreeSet<>();
        for (JsonNode event : trace.path("traceEvents")) {
            if (event.path("pid").asText().equals(pid)
                    && event.path("ph").asText().equals("X")) {
                names.add(event.path("name").asText());
            }
        }
        return names;
    }

    private void assertHyperfine(JsonNode report) throws IOException {
        JsonNode result = json("hyperfine").at("/results/0");
        assertThat(result.path("command").asText())
                .startsWith("pageflip migrate --")
                .contains("--vcpus=2");
        assertThat(result.path("times")).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(Math.round(result.path("times").get(i).asDouble() * 1e9))
                    .isEqualTo(report.path("runs").get(i).path("downtime-ns").asLong());
        }
        assertThat(result.path("exit_codes")).extracting(JsonNode::asInt).containsExactly(0, 0);
    }

    private void readOpenMetrics() throws IOException, InterruptedException {
        String script = """
                import sys
                from prometheus_client import parser
                from prometheus_client.openmetrics import parser as openmetrics
                text = open(sys.argv[1]).read()
                families = {family.name: family for family in openmetrics.text_string_to_metric_families(text)}
                assert families['pageflip_downtime_seconds'].type == 'summary', families
                assert families['pageflip_moved_pages'].unit == 'pages', families
                assert all(sample.value >= 0 for family in families.values() for sample in family.samples)
                plain = {family.name for family in parser.text_string_to_metric_families(text)}
                assert plain == set(families), plain
                """;
        String python = pythonWith("prometheus_client");
        if (python == null) {
            System.err.println("not checked: OpenMetrics by another program: python3 has no prometheus_client");
            assertThat(Files.readString(pageflip.path("openmetrics"))).endsWith("\n# EOF\n");
        } else {
            python(python, script, pageflip.path("openmetrics").toString());
        }
    }

    private void readGuestperf() throws IOException, InterruptedException {
        assertThat(GuestperfKeys.problems(json("guestperf"))).isEmpty();
        String folder = System.getenv("PAGEFLIP_GUESTPERF");
        String python = folder == null ? null : pythonWith("plotly");
        if (python == null) {
            System.err.println(
                    "not checked: guestperf's own plotter: PAGEFLIP_GUESTPERF names none, or there is no plotly");
            return;
        }
        String script = """
                import sys
                sys.path.insert(0, sys.argv[1])
                from guestperf.plot import Plot
                from guestperf.report import Report
                Plot([Report.from_json_file(sys.argv[2])], True, True, True, True, True).generate(sys.argv[3])
                """;
        Path page = pageflip.path("guestperf.html");
        python(python, script, folder, pageflip.path("guestperf").toString(), page.toString());
        assertThat(Files.readString(page)).contains("Migration iterations");
    }

    /** A Python that has a module; null if there is none. */
    private static @Nullable String pythonWith(String module) throws IOException, InterruptedException {
        for (String folder : System.getenv("PATH").split(":", -1)) {
            Path python = Path.of(folder, "python3"); // not only the first: modules belong to one of them
            if (Files.isExecutable(python)
                    && start(python.toString(), "import " + module).waitFor() == 0) {
                return python.toString();
            }
        }
        return null;
    }

    private static void python(String python, String script, String... arguments)
            throws IOException, InterruptedException {
        Process process = start(python, script, arguments);
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static Process start(String python, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(python, "-B", "-c", script));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }
}
