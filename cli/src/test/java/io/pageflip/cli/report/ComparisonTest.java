package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.cli.report.Comparison.Measured;
import io.pageflip.cli.report.Comparison.Skipped;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.ResultJson;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The figures of a comparison, and each way to write them. */
final class ComparisonTest {
    private static final long MS = 1_000_000;

    private final Comparison comparison = Comparison.of(
            Map.of("runs", 3),
            false,
            List.of(
                    new Measured(
                            options(1 << 20, "flip"), Samples.withDowntimes(10 * MS, 11 * MS, 10 * MS), false, null),
                    new Measured(
                            options(1 << 20, "stream"), Samples.withDowntimes(25 * MS, 20 * MS, 90 * MS), false, null),
                    new Measured(options(2 << 20, "stream"), Samples.withDowntimes(40 * MS), false, null),
                    new Measured(options(2 << 20, "pull"), List.of(Samples.failed()), true, null),
                    new Measured(options(4 << 20, "pull"), List.of(), false, null)),
            List.of(new Skipped(options(1 << 20, "gift"), "it needs \"private\" memory, | and </script>")));

    @Test
    void eachCellIsSummedUpAndSetAgainstTheBestOfItsGuest() {
        assertThat(comparison.cells())
                .map(Comparison.Cell::status)
                .containsExactly("completed", "completed", "completed", "failed", "not-run");
        Comparison.CellSummary flip = summary(0);
        assertThat(flip.downtimeNs()).isEqualTo(new Summary(10 * MS, 10 * MS, 11 * MS, 11 * MS, 11 * MS));
        assertThat(flip.ratio()).isEqualTo(1);
        assertThat(flip.spread()).isEqualTo(0.1);
        assertThat(flip.wideSpread()).isFalse();
        Comparison.CellSummary stream = summary(1);
        assertThat(stream.ratio()).isEqualTo(2.5);
        assertThat(stream.spread()).isEqualTo(70.0 / 25);
        assertThat(stream.wideSpread()).isTrue();
        assertThat(summary(2).ratio()).as("of another guest").isEqualTo(1);
        assertThat(comparison.cells().get(3).summary()).isNull();
        assertThat(comparison.cells().get(4).summary()).isNull();
    }

    @Test
    void textIsOneTableAndWhatAReaderMustKnow() {
        String text = ComparisonText.text("pageflip compare: test", comparison);

        assertThat(text.lines().toList())
                .startsWith("pageflip compare: test")
                .anyMatch(
                        line -> line.matches(
                                "1M +1 +2000 +flip +stop-and-move +memfd +3 +10.00 ms +10.00 ms +11.00 ms +11.00 ms +10 % +1.00 +3 +1"))
                .anyMatch(line -> line.matches("1M .* stream .* 280 % +2.50 .*"))
                .anyMatch(line -> line.matches("2M .* pull .* memfd +1 +failed +-.*"))
                .anyMatch(line -> line.matches("4M .* pull .* memfd +0 +not-run +-.*"))
                .anyMatch(line -> line.startsWith("warning: wide spread in 1 of 5: "))
                .anyMatch(line -> line.equals("failed: 2M pull stop-and-move memfd, 1 vCPU, 2000 pages/s: failed: the "
                        + "guest stays at the source: the other agent died"))
                .anyMatch(line ->
                        line.startsWith("skipped: 1M gift stop-and-move memfd, 1 vCPU, 2000 pages/s: it needs"));
    }

    @Test
    void markdownIsOneTableWhoseRowsAreAsWideAsItsHead() {
        List<String> rows = ComparisonText.markdown("test", comparison)
                .lines()
                .filter(line -> line.startsWith("|"))
                .toList();

        assertThat(rows)
                .hasSize(2 + 5)
                .allSatisfy(row ->
                        assertThat(row.chars().filter(c -> c == '|')).hasSize(ComparisonTable.HEADER.size() + 1));
        assertThat(ComparisonText.markdown("test", comparison)).contains("- skipped: ", "memory, \\| and \\</script>");
    }

    @Test
    void csvHasARowForEachRun() {
        List<String> lines = ComparisonCsv.of(comparison).lines().toList();

        assertThat(lines).hasSize(1 + 3 + 3 + 1 + 1);
        List<String> names = Arrays.asList(lines.get(0).split(",", -1));
        assertThat(names).contains("ram", "run", "downtime-ns", "pages-ns", "copied-mechanism-copies", "error");
        List<String> second = Arrays.asList(lines.get(2).split(",", -1));
        assertThat(second).hasSameSizeAs(names);
        assertThat(second.get(names.indexOf("run"))).isEqualTo("2");
        assertThat(second.get(names.indexOf("downtime-ns"))).isEqualTo("11000000");
        assertThat(second.get(names.indexOf("copied-not-page-sized"))).isEqualTo("1");
        assertThat(lines.get(8))
                .startsWith("2097152,pull")
                .endsWith(",the other agent died")
                .contains(",failed,,");
    }

    /** A cell that completed and had pages declined, and one for each way not to complete. */
    private static Comparison withDeclined() {
        DowntimePhases phases = new DowntimePhases(0, MS, 0, 0, 0, 0, 0, 0);
        return Comparison.of(
                Map.of("runs", 1),
                false,
                List.of(
                        new Measured(options(1 << 20, "flip"), List.of(Samples.declined(phases)), false, null),
                        new Measured(options(1 << 20, "stream"), List.of(Samples.lost()), true, null),
                        new Measured(options(2 << 20, "pull"), List.of(Samples.cancelledEarly()), true, null)),
                List.of());
    }

    @Test
    void declinedPagesHaveAColumnWhereThereAreAny() throws IOException {
        Comparison declined = withDeclined();

        assertThat(ComparisonText.text("test", comparison)).doesNotContain("declined");
        assertThat(ComparisonText.text("test", declined))
                .containsPattern("(?m) moved  copied  declined$")
                .containsPattern("(?m)^1M .* flip .* 2 +1 +1$")
                .containsPattern("(?m)^1M .* stream .* failed( +-){8}$")
                .contains(
                        "2M pull stop-and-move memfd, 1 vCPU, 2000 pages/s: cancelled: there was no guest yet: interrupted")
                .contains("lost: nobody has the guest: the guest is lost: ");
        assertThat(ComparisonText.markdown("test", declined))
                .contains("| moved | copied | declined |\n", "| 2 | 1 | 1 |\n");
        List<String> names =
                Arrays.asList(ComparisonCsv.of(declined).lines().toList().get(0).split(",", -1));
        List<String> row =
                Arrays.asList(ComparisonCsv.of(declined).lines().toList().get(1).split(",", -1));
        assertThat(row.get(names.indexOf("copied"))).isEqualTo("1");
        assertThat(row.get(names.indexOf("declined"))).isEqualTo("1");
        assertThat(row.get(names.indexOf("declined-already-present"))).isEqualTo("1");
        assertThat(row.get(names.indexOf("declined-no-mapping"))).isEqualTo("0");
        assertThat(names).doesNotContain("copied-already-present", "copied-no-mapping");
        ComparisonCsv.of(declined)
                .lines()
                .forEach(line -> assertThat(line.split(",", -1)).hasSameSizeAs(names));
        JsonNode json = ResultJson.MAPPER.readTree(declined.json());
        assertThat(json.at("/cells/0/runs/0/pages/decline-reasons/already-present")
                        .asLong())
                .isEqualTo(1);
        assertThat(json.at("/cells/2/runs/0/owner").asText()).isEqualTo("nobody-yet");
        assertThat(HtmlReport.of(json)).contains("\"decline-reasons\":{\"already-present\":1}");
    }

    @Test
    void jsonIsReadBack() throws IOException {
        JsonNode json = ResultJson.MAPPER.readTree(comparison.json());

        assertThat(json.path("schema").asText()).isEqualTo("pageflip.comparison/2");
        assertThat(json.at("/host/kernel").asText()).isNotBlank();
        assertThat(json.at("/cells")).hasSize(5);
        assertThat(json.at("/cells/1/summary/downtime-ns/p50").asLong()).isEqualTo(25 * MS);
        assertThat(json.at("/cells/1/summary/wide-spread").asBoolean()).isTrue();
        assertThat(json.at("/cells/1/runs")).hasSize(3);
        assertThat(json.at("/cells/3/summary").isMissingNode()).isTrue();
        assertThat(json.at("/skipped/0/options/mechanism").asText()).isEqualTo("gift");
        assertThat(HtmlReport.comparison(json)).isSameAs(json);
    }

    @Test
    void thePageHasEverythingInsideAndNoTextOfOursEndsItsScript() throws IOException {
        String page = HtmlReport.of(ResultJson.MAPPER.readTree(comparison.json()));

        assertThat(page).startsWith("<!DOCTYPE html>").contains("Chart.js v4").doesNotContain("{{data}}", "{{chart}}");
        assertThat(page).doesNotContain("and </script>").contains("and \\u003c/script>");
        assertThat(page).doesNotContainPattern("<(script|link|img)[^>]+(src|href)=\"(?!data:)");
        assertThat(page.split("</script>", -1)).hasSize(3 + 1);
    }

    @Test
    void aReportOfMigrateIsAComparisonOfOneCell() throws IOException {
        JsonNode migration = ResultJson.MAPPER.readTree(
                JsonReport.of(options(1 << 20, "flip"), Runs.of(Samples.withDowntimes(10 * MS, 12 * MS))));

        JsonNode one = Objects.requireNonNull(HtmlReport.comparison(migration));

        assertThat(one.at("/cells")).hasSize(1);
        assertThat(one.at("/cells/0/status").asText()).isEqualTo("completed");
        assertThat(one.at("/cells/0/summary/downtime-ns/max").asLong()).isEqualTo(12 * MS);
        assertThat(HtmlReport.comparison(ResultJson.MAPPER.readTree("{\"schema\": \"other\"}")))
                .isNull();
        assertThat(HtmlReport.comparison(ResultJson.MAPPER.readTree("[1]"))).isNull();
    }

    private Comparison.CellSummary summary(int cell) {
        return Objects.requireNonNull(comparison.cells().get(cell).summary());
    }

    private static Map<String, Object> options(int ram, String mechanism) {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("ram", ram);
        options.put("mechanism", mechanism);
        options.put("schedule", "stop-and-move");
        options.put("backing", "memfd");
        options.put("vcpus", 1);
        options.put("dirty-rate", 2000);
        return options;
    }

    /** One guest, by pageflip and by two rows of QEMU, of which one failed. */
    private static Comparison besideQemu() {
        Seen below = new Seen(null, null, 2 * MS, 0, 0, MS, MS, 100, 2);
        Seen seen = new Seen(8 * MS, 7 * MS, 9 * MS, 8 * MS, MS / 2, MS, MS, 100, 2);
        QemuResult good =
                new QemuResult("completed", 8 * MS, 6 * MS, 30L, 40 * MS, 100_000L, 1000L, 1000L, seen, null, null);
        QemuResult bad = new QemuResult(
                "failed", null, null, null, null, null, null, null, null, null, "QEMU ended with code 1: no");
        Map<String, Object> qemu = new LinkedHashMap<>(options(1 << 20, "flip"));
        qemu.putAll(Map.of("program", "qemu 10.0.2", "mode", "cpr-transfer"));
        return Comparison.of(
                Map.of("runs", 1),
                false,
                List.of(new Measured(
                        options(1 << 20, "flip"), Samples.withDowntimes(MS / 10), false, null, List.of(below))),
                List.of(QemuCell.of(qemu, List.of(good), false, 5L << 20), QemuCell.of(qemu, List.of(bad), true, null)),
                List.of(
                        new Skipped(options(1 << 20, "gift"), "it cannot"),
                        new Skipped(options(2 << 20, "gift"), "it cannot")));
    }

    @Test
    void rowsOfQemuStandBesideOurs() {
        List<String> lines = ComparisonText.text("test", besideQemu()).lines().toList();

        assertThat(lines)
                .anyMatch(line -> line.matches("1M .* pageflip flip .* 100 us .* < 2.00 ms +- +1.00 .*"))
                .anyMatch(line -> line.matches("1M .* qemu 10.0.2 +cpr-transfer .* 8.00 ms +6.00 ms +> 4.00 +30 ms .*"))
                .anyMatch(line -> line.matches("1M .* qemu 10.0.2 +cpr-transfer .* failed +-.*"))
                .anyMatch(line -> line.matches("failed: 1M qemu 10.0.2 .*: QEMU ended with code 1: no"))
                .anyMatch(line -> line.matches("skipped: 1M, 2M gift .*: it cannot"))
                .anyMatch(line -> line.startsWith("observer: looked every 1.00 ms"));
    }

    @Test
    void csvHasTheRunsOfQemuToo() {
        List<String> lines = ComparisonCsv.of(besideQemu()).lines().toList();

        List<String> names = Arrays.asList(lines.get(0).split(",", -1));
        assertThat(lines).hasSize(1 + 1 + 2);
        List<String> row = Arrays.asList(lines.get(2).split(",", -1));
        assertThat(row).hasSameSizeAs(names);
        assertThat(row.get(names.indexOf("seen-ns"))).isEqualTo("8000000");
        assertThat(row.get(names.indexOf("downtime-ns"))).isEqualTo("8000000");
        assertThat(row.get(names.indexOf("mode"))).isEqualTo("cpr-transfer");
    }
}
