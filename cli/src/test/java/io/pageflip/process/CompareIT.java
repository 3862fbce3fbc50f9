package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.json.JsonSchemas;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Comparisons of small guests; what they export is read by other programs. */
final class CompareIT {
    private static final Set<String> DOCUMENT = Set.of("schema", "host", "request", "interrupted", "cells", "skipped");
    /** Its title says what the page shows. A bar or a canvas counts if something of it can be seen. */
    private static final String PAGE_PROBE = """
            <script>
            addEventListener('load', () => {
              const drawn = canvas =>
                canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte !== 0);
              const within = id => [...document.querySelectorAll('#' + id + ' canvas')];
              const bars = id => within(id).flatMap(canvas => {
                const chart = Chart.getChart(canvas);
                return chart.data.datasets.flatMap((set, i) => chart.getDatasetMeta(i).data.filter(bar => bar.width >= 1));
              }).length;
              const shown = id => document.getElementById(id).checkVisibility();
              const rows = id => document.querySelectorAll('#' + id + ' tbody tr').length;
              document.title = 'probe'
                + ['downtime', 'says', 'pages', 'phases', 'throughput', 'latencies'].filter(shown)
                  .map(id => ' ' + id + '=' + within(id).filter(drawn).length).join('')
                + ' canvases=' + document.querySelectorAll('canvas').length + ' figures=' + rows('figures')
                + ' phase-figures=' + rows('phase-figures') + ' qemu=' + rows('qemu')
                + ' bars=' + bars('says') + '+' + bars('phases')
                + ' fetched=' + performance.getEntriesByType('resource').length + ' end';
            });
            </script>
            </body>""";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @Test
    void aSmallMatrixIsRunShownAndExported() throws IOException, InterruptedException {
        Path json = pageflip.path("c.json");
        Path csv = pageflip.path("c.csv");
        Path markdown = pageflip.path("c.md");
        Path html = pageflip.path("c.html");

        Run run = compare(
                        "--ram=16M,17M,60T",
                        "--mechanism=flip,stream",
                        "--runs=2",
                        "--progress=always",
                        "--export-json=" + json,
                        "--export-csv=" + csv,
                        "--export-markdown=" + markdown,
                        "--export-html=" + html)
                .endsWith(0);

        assertDocument(Report.parse(Files.readString(json)).document());
        assertThat(run.err()).contains("run 1 of 8: ").containsPattern("run 8 of 8, about \\d+ s left: ");
        assertThat(run.out())
                .startsWith("pageflip compare: 4 combinations in turn, 2 runs of each\nLinux ")
                .containsPattern("(?m)^16M +1 +20000 +flip +[a-z-]+ +memfd +2 +[0-9.]+ [mu]s .* 8,192 +65$")
                .containsPattern("(?m)^skipped: 60T flip .*no room for ");
        assertThat(Files.readString(markdown)).contains("| 17M | 1 | 20000 | stream | ", "- skipped: ");
        assertThat(Files.readString(html)).startsWith("<!DOCTYPE html>");
        readByPython(json, csv);

        Path again = pageflip.path("again.html");
        report(json, again);
        assertThat(Files.readString(again).replaceAll("\\s", ""))
                .isEqualTo(Files.readString(html).replaceAll("\\s", ""));
        String page = seenInABrowser(
                html, "downtime=1 pages=2 phases=2 throughput=2 canvases=7 figures=4 phase-figures=4 qemu=0");
        assertThat(page).as("no says-against-seen without QEMU").doesNotContain(" says=");
    }

    @Test
    void saysAndSeenAndPhasesOfMicrosecondsAreDrawnBesideQemu() throws IOException, InterruptedException {
        Path json = pageflip.path("q.json");
        try (InputStream in = Objects.requireNonNull(CompareIT.class.getResourceAsStream("comparison-qemu.json"))) {
            Files.copy(in, json);
        }
        JsonSchemas.assertValid(Report.parse(Files.readString(json)).document());
        Path html = pageflip.path("q.html");

        report(json, html);

        // Two bars for each of five rows; all eight phases of a handover, and the four of a stream that are not zero.
        String page = seenInABrowser(
                html,
                "downtime=1 says=1 pages=1 phases=1 throughput=1 canvases=5 figures=2 phase-figures=2 qemu=3 bars=10+");
        assertThat(page)
                .as("a handover's phases have the whole width, though it took a thousandth of the other")
                .containsPattern(" bars=10\\+1[0-3] ");
        assertThat(page)
                .as("in the unit of the document")
                .containsPattern(">lock</th>.*<td class=\"number\">17\\.[0-9] µs</td>")
                .contains(">71967.0 µs (1 of 2)</td>");
        assertThat(page.indexOf("cpr-transfer</td>"))
                .as("sorted by what was seen")
                .isLessThan(page.indexOf("precopy 300 ms</td>"));
        assertThat(page.indexOf("precopy 300 ms</td>")).isLessThan(page.indexOf("mapped-ram</td>"));
    }

    @Test
    void aStoredPostcopyIsDrawnWithItsBrownoutAndItsFaults() throws IOException, InterruptedException {
        Path json = pageflip.path("m.json");
        Path html = pageflip.path("m.html");
        pageflip.start(
                        "migrate",
                        "--ram=16M",
                        "--schedule=postcopy",
                        "--prefetch=1",
                        "--no-verify",
                        "--quiet",
                        "--export-json=" + json)
                .endsWith(0);

        report(json, html);
        seenInABrowser(
                html,
                "downtime=1 pages=1 phases=1 throughput=1 latencies=1 canvases=5 figures=1 phase-figures=1 qemu=0");

        // As an older version wrote it.
        ObjectNode document = (ObjectNode) Report.parse(Files.readString(json)).document();
        ((ObjectNode) document.at("/runs/0")).remove(List.of("throughput", "idle-gaps-ns", "postcopy"));
        Files.writeString(json, document.toString());
        report(json, html);
        seenInABrowser(html, "downtime=1 pages=1 phases=1 canvases=3 figures=1 phase-figures=1 qemu=0");
    }

    private void report(Path json, Path html) throws IOException {
        pageflip.start("report", json.toString(), "--export-html", html.toString())
                .endsWith(0);
    }

    private static void assertDocument(JsonNode document) {
        Report.assertKeys(document, DOCUMENT);
        assertThat(document.path("schema").asText()).isEqualTo("pageflip.comparison/2");
        assertThat(document.path("interrupted").asBoolean()).isFalse();
        assertThat(document.path("skipped")).hasSize(2);
        assertThat(document.path("cells")).hasSize(4);
        for (JsonNode cell : document.path("cells")) {
            Report.assertKeys(cell, Set.of("options", "status", "runs", "summary"));
            assertThat(cell.path("status").asText()).isEqualTo("completed");
            assertThat(cell.path("runs"))
                    .hasSize(2)
                    .allSatisfy(one ->
                            assertThat(one.at("/verification/status").asText()).isEqualTo("match"));
            assertThat(cell.at("/summary/ratio").asDouble()).isGreaterThanOrEqualTo(1);
            assertThat(cell.at("/summary/downtime-ns/p50").asLong()).isPositive();
        }
    }

    private static void readByPython(Path json, Path csv) throws IOException, InterruptedException {
        if (!Host.has("python3")) {
            System.err.println("not checked: JSON and CSV by another program, python3, which is not there");
            return;
        }
        String script = """
                import csv, json, sys
                cells = json.load(open(sys.argv[1]))['cells']
                rows = list(csv.DictReader(open(sys.argv[2], newline='')))
                runs = [run for cell in cells for run in cell['runs']]
                assert len(rows) == len(runs) == 8, rows
                for row, run in zip(rows, runs):
                    assert None not in row and None not in row.values(), row
                    assert int(row['downtime-ns']) == run['downtime-ns'], row
                    assert int(row['moved']) + int(row['copied']) + int(row['zero']) == int(row['pages']), row
                    phases = run['downtime-phases-ns']
                    assert sum(int(row[phase + '-ns']) for phase in phases) == sum(phases.values()), row
                """;
        Process python = new ProcessBuilder("python3", "-c", script, json.toString(), csv.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor()).as(said).isZero();
    }

    /** Charts are drawn, sections without data are not shown, nothing is complained of, nothing is fetched. */
    private String seenInABrowser(Path html, String shown) throws IOException, InterruptedException {
        Host.need(Host.has("chromium"), "the page in a browser needs chromium, which is not there");
        Path probed = pageflip.path("probed.html");
        Files.writeString(probed, Files.readString(html).replace("</body>", PAGE_PROBE));
        Path errors = pageflip.path("chromium.txt");
        Process chromium = new ProcessBuilder(
                        "timeout",
                        Long.toString(Waiting.LIMIT.toSeconds()),
                        "chromium",
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--user-data-dir=" + pageflip.path("profile"),
                        "--virtual-time-budget=5000",
                        "--enable-logging=stderr",
                        "--dump-dom",
                        probed.toUri().toString())
                .redirectError(errors.toFile())
                .start();
        chromium.getOutputStream().close();
        String dom = new String(chromium.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(chromium.waitFor())
                .as("chromium: %s", Files.readString(errors))
                .isZero();

        assertThat(dom).contains("<title>probe " + shown).contains(" fetched=0 end</title>");
        assertThat(Files.readString(errors)).doesNotContain("CONSOLE");
        return dom;
    }

    @Test
    void whoeverInterruptsItGetsWhatWasMeasured() throws IOException, InterruptedException {
        Path json = pageflip.path("c.json");
        Run run = compare(
                        "--ram=16M",
                        "--mechanism=flip,stream",
                        "--runs=1000",
                        "--no-verify",
                        "--progress=always",
                        "--export-json=" + json)
                .awaitErr("run 3 of 2,000");

        run.signal("INT");
        run.endsWith(1);

        JsonNode document = Report.parse(Files.readString(json)).document();
        assertThat(document.path("interrupted").asBoolean()).isTrue();
        int flips = document.at("/cells/0/runs").size();
        int streams = document.at("/cells/1/runs").size();
        assertThat(flips - streams).as("%d and %d, in turn", flips, streams).isBetween(0, 1);
        int begun = lastRun(run.err());
        assertThat(flips + streams).as("all but the one that was interrupted").isBetween(begun - 1, begun);
        assertThat(document.at("/cells"))
                .allMatch(cell -> cell.path("status").asText().equals("completed"));
        assertThat(run.out())
                .containsPattern("(?m)^16M .* flip .* " + flips + " ")
                .contains("\ninterrupted: ");
    }

    /** The number of the last run of which the progress tells. */
    private static int lastRun(String progress) {
        return Pattern.compile("run (\\d+) of 2,000")
                .matcher(progress)
                .results()
                .mapToInt(match -> Integer.parseInt(match.group(1)))
                .max()
                .orElseThrow();
    }

    @Test
    void aCombinationThatFailsDoesNotStopTheOthers() throws IOException {
        Path json = pageflip.path("c.json");
        // Without room for the socket's path no agent gets as far as a guest.
        pageflip.javaOptions("-Djava.io.tmpdir=" + pageflip.path("x".repeat(100)));

        Run run = compare("--ram=16M", "--runs=3", "--export-json=" + json);
        int code = run.end();

        assertThat(code).as("%s", run).isIn(1, 2);
        JsonNode cells = Report.parse(Files.readString(json)).document().path("cells");
        assertThat(cells).hasSize(2).allSatisfy(cell -> {
            assertThat(cell.path("status").asText()).isEqualTo("failed");
            assertThat(cell.path("runs")).hasSize(1);
        });
        assertThat(run.out()).containsPattern("(?m)^failed: 16M stream ");
    }

    @Test
    void optionsOfMigrateArePassedOnAndMigrationsToWarmUpAreNotCounted() throws IOException {
        Run run = compare("--ram=16M", "--mechanism=flip", "--sharer=5%", "--runs=1", "--warmup=1", "--no-verify")
                .endsWith(0);

        assertThat(run.out())
                .startsWith("pageflip compare: 1 combination, 1 run of each after 1 to warm up\nLinux ")
                .containsPattern("(?m)^16M +1 +20000 +flip +[a-z-]+ +memfd +1 .* 7,988 +269$");
    }

    @Test
    void whatATableCannotHaveIsRefusedBeforeAnythingRuns() throws IOException {
        assertThat(compare("--ram=16M", "--sort=seen").endsWith(2).err())
                .contains("--sort seen is for --qemu, which is not there");
        assertThat(compare("--ram=16M", "--sort=name").endsWith(2).err())
                .contains("'name' is not one of run, downtime, seen, total");
        assertThat(compare("--ram=16M", "--unit=h").endsWith(2).err()).contains("'h' is not one of auto, us, ms, s");
        assertThat(compare("--ram=16M", "--mechanism=flip,stream", "--reference=3")
                        .endsWith(2)
                        .err())
                .contains("--reference 3: no row has these words; write a number, or more words, of: "
                        + "1 pageflip flip handover memfd, 2 pageflip stream stop-and-move memfd");
    }

    @Test
    void commandsRunBeforeEachMigrationAndAfterTheLast() throws IOException {
        Path log = pageflip.path("log");

        compare(
                        "--ram=16M",
                        "--mechanism=flip",
                        "--runs=2",
                        "--no-verify",
                        "--prepare=echo before >>" + log,
                        "--cleanup=echo after >>" + log)
                .endsWith(0);
        assertThat(Files.readAllLines(log)).containsExactly("before", "before", "after");

        Run fails = compare("--ram=16M", "--mechanism=flip", "--prepare=exit 7").endsWith(1);
        assertThat(fails.out()).containsPattern("failed: 16M flip .*--prepare: 'exit 7' ended with code 7");
    }

    @Test
    void aHostThatLacksWhatAllOfThemNeedIsToldSo() throws IOException {
        assertThat(compare("--ram=60T", "--mechanism=flip").endsWith(4).err()).contains("pageflip: no room for ");
    }

    private Run compare(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("compare", "--run-after=0.05"));
        arguments.addAll(Arrays.asList(options));
        return pageflip.start(arguments);
    }
}
