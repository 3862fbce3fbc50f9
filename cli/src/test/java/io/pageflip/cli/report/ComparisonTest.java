package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.cli.report.Comparison.Measured;
import io.pageflip.cli.report.Comparison.Skipped;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.ResultJson;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuMemory;
import io.pageflip.qemu.QemuResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
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
        String text = Samples.text("pageflip compare: test", comparison);

        assertThat(text.lines().toList())
                .startsWith("pageflip compare: test")
                .anyMatch(
                        line -> line.matches(
                                "1M +1 +2000 +flip +stop-and-move +memfd +3 +10.00 ms +10.00 ms +11.00 ms +11.00 ms +10 % +1.00 +2.00 ms +3 +1"))
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
        List<String> rows = Samples.markdown("test", comparison)
                .lines()
                .filter(line -> line.startsWith("|"))
                .toList();

        assertThat(rows)
                .hasSize(2 + 5)
                .allSatisfy(row -> assertThat(row.chars().filter(c -> c == '|')).hasSize(16 + 1));
        assertThat(Samples.markdown("test", comparison)).contains("- skipped: ", "memory, \\| and \\</script>");
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

        assertThat(Samples.text("test", comparison)).doesNotContain("declined");
        assertThat(Samples.text("test", declined))
                .containsPattern("(?m) moved  copied  declined$")
                .containsPattern("(?m)^1M .* flip .* 2 +1 +1$")
                .containsPattern("(?m)^1M .* stream .* failed( +-){9}$")
                .contains(
                        "2M pull stop-and-move memfd, 1 vCPU, 2000 pages/s: cancelled: there was no guest yet: interrupted")
                .contains("lost: nobody has the guest: the guest is lost: ");
        assertThat(Samples.markdown("test", declined)).contains("| moved | copied | declined |\n", "| 2 | 1 | 1 |\n");
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
                List.of(
                        QemuCell.of(qemu, List.of(good), false, new QemuMemory(5L << 20, null)),
                        QemuCell.of(qemu, List.of(bad), true, null)),
                List.of(
                        new Skipped(options(1 << 20, "gift"), "it cannot"),
                        new Skipped(options(2 << 20, "gift"), "it cannot")),
                null);
    }

    @Test
    void rowsOfQemuStandBesideOurs() {
        List<String> lines = Samples.text("test", besideQemu()).lines().toList();

        assertThat(lines)
                .anyMatch(line -> line.matches("1M .* pageflip flip .* 100 us .* < 2.00 ms +- +- +0 % +1.00 .*"))
                .anyMatch(line -> line.matches(
                        "1M .* qemu 10.0.2 +cpr-transfer .* 8.00 ms +6.00 ms +500 us +0 % +> 4.00 +- +30 ms .*"))
                .anyMatch(line -> line.matches("1M .* qemu 10.0.2 +cpr-transfer .* failed +-.*"))
                .anyMatch(line -> line.matches("failed: 1M qemu 10.0.2 .*: QEMU ended with code 1: no"))
                .anyMatch(line -> line.matches("skipped: 1M, 2M gift .*: it cannot"))
                .anyMatch(line -> line.startsWith("observer: looked every 1.00 ms"));
    }

    @Test
    void aRowWhoseMemoryCouldNotBeMeasuredSaysWhy() {
        Comparison before = besideQemu();
        QemuCell cell = Objects.requireNonNull(before.qemu()).get(0);
        QemuMemory unknown = new QemuMemory(null, "the guest found 2 bad pages, the first at 0x100000");
        Comparison comparison = Comparison.of(
                Map.of(),
                false,
                List.of(),
                List.of(QemuCell.of(cell.options(), cell.runs(), false, unknown)),
                List.of(),
                null);

        assertThat(Samples.text("test", comparison))
                .contains("memory: 1M qemu 10.0.2 ", "the run that measures it failed: the guest found 2 bad pages");
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

    /** Two guests: the best of one is known exactly, of the other only to be below something. */
    private static Comparison besideQemuAtLength(@Nullable Way reference) {
        Seen below = new Seen(null, null, 2 * MS, 0, 0, MS, MS, 100, 2);
        Seen seen = new Seen(8 * MS, 7 * MS, 9 * MS, 8 * MS, MS / 2, MS, MS, 100, 2);
        Seen soon = new Seen(MS, MS / 2, 2 * MS, MS, MS / 2, MS, MS, 100, 2);
        List<Measured> pageflip = new ArrayList<>();
        List<QemuCell> qemu = new ArrayList<>();
        for (int ram = 1 << 20; ram <= 2 << 20; ram <<= 1) {
            pageflip.add(new Measured(
                    options(ram, "flip"),
                    Samples.withDowntimes(MS / 10, MS / 5, MS / 4),
                    false,
                    null,
                    List.of(below, below, below)));
            pageflip.add(new Measured(
                    options(ram, "stream"),
                    Samples.withDowntimes(20 * MS, 20 * MS, 21 * MS),
                    false,
                    null,
                    List.of(seen, seen, seen)));
            pageflip.add(new Measured(options(ram, "pull"), Samples.withDowntimes(20 * MS), false, null, List.of()));
            Map<String, Object> row = new LinkedHashMap<>(options(ram, "flip"));
            row.putAll(Map.of("program", "qemu 10.0.2", "mode", "precopy", "downtime-limit", 300));
            QemuResult run = new QemuResult(
                    "completed",
                    8 * MS,
                    6 * MS,
                    30L,
                    40 * MS + 1,
                    5_000_000_000L,
                    1000L,
                    1000L,
                    ram == 1 << 20 ? seen : soon,
                    null,
                    null);
            qemu.add(QemuCell.of(row, List.of(run, run, run), false, new QemuMemory(5L << 30, null)));
            row = new LinkedHashMap<>(row);
            row.putAll(Map.of("mode", "mapped-ram"));
            qemu.add(QemuCell.of(row, List.of(run, run), false, null));
        }
        return Comparison.of(Map.of("runs", 3), true, pageflip, qemu, List.of(), reference);
    }

    @Test
    void tablesAreWrittenExactlySo() throws IOException {
        StringBuilder all = new StringBuilder();
        for (Comparison each : List.of(comparison, withDeclined(), besideQemu(), besideQemuAtLength(null))) {
            all.append(Samples.text("test", each)).append('\n');
            all.append(Samples.markdown("test", each)).append('\n');
        }
        try (InputStream in = Objects.requireNonNull(ComparisonTest.class.getResourceAsStream("tables.txt"))) {
            assertThat(all.toString().replace(Host.here().toString(), "HOST"))
                    .isEqualTo(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** The table of {@link #besideQemuAtLength}, one list of words for each row. */
    private static List<List<String>> rows(TableOrder order, TableUnit unit, @Nullable Way reference) {
        return new ComparisonText("test", besideQemuAtLength(reference), order, unit, reference)
                .markdown()
                .lines()
                .filter(line -> line.matches("\\| [12]M .*"))
                .map(line -> Arrays.asList(line.substring(2).split(" \\| ", -1)))
                .toList();
    }

    private static List<String> column(int column, List<List<String>> rows) {
        return rows.stream().map(row -> row.get(column)).toList();
    }

    @Test
    void rowsAreSortedWithinTheirGuestAndThoseWithoutTheFigureComeLast() {
        List<List<String>> bySeen = rows(TableOrder.SEEN, TableUnit.AUTO, null);

        assertThat(column(0, bySeen)).startsWith("1M", "1M", "1M", "1M", "1M").endsWith("2M", "2M", "2M", "2M", "2M");
        assertThat(column(11, bySeen.subList(5, 10)))
                .containsExactly("1.00 ms \\*", "1.00 ms \\*", "\\< 2.00 ms", "8.00 ms \\*", "-");
        assertThat(column(7, rows(TableOrder.DOWNTIME, TableUnit.AUTO, null)).subList(0, 5))
                .containsExactly("200 us", "8.00 ms", "8.00 ms", "20.00 ms", "20.00 ms");
        assertThat(column(17, rows(TableOrder.TOTAL, TableUnit.AUTO, null)).subList(0, 5))
                .containsExactly("30 ms", "40.00 ms", "321 ms", "321 ms", "321 ms");
    }

    @Test
    void allTimesOfATableHaveTheUnitThatWasAskedFor() {
        List<String> us = rows(TableOrder.RUN, TableUnit.US, null).get(0);
        List<String> ms = rows(TableOrder.RUN, TableUnit.MS, null).get(3);
        List<String> s = rows(TableOrder.RUN, TableUnit.S, null).get(4);

        assertThat(us.subList(7, 12)).containsExactly("200.0 us", "100.0 us", "250.0 us", "250.0 us", "\\< 2000.0 us");
        assertThat(us.get(17)).isEqualTo("321000.0 us");
        assertThat(ms.subList(11, 18))
                .containsExactly("8.000 ms", "6.000 ms", "0.500 ms", "0 %", "> 4.00", "-", "30.000 ms");
        assertThat(s.subList(11, 18))
                .containsExactly("0.008000 s", "0.006000 s", "0.000500 s", "0 %", "> 4.00", "-", "0.040000 s");
    }

    @Test
    void ratiosAreToTheReferenceWhereItIsKnown() {
        Way stream = Way.of(options(1, "stream"));

        List<String> ratios = column(15, rows(TableOrder.RUN, TableUnit.AUTO, stream));
        assertThat(ratios)
                .containsExactly("\\< 0.25", "1.00", "-", "1.00", "1.00", "\\< 0.25", "1.00", "-", "0.13", "0.13");
        Way flip = Way.of(options(1, "flip"));
        assertThat(column(15, rows(TableOrder.RUN, TableUnit.AUTO, flip)).subList(5, 10))
                .as("it is only known to be below something")
                .containsExactly("1.00", "> 4.00", "-", "> 0.50", "> 0.50");
        assertThat(column(15, rows(TableOrder.RUN, TableUnit.AUTO, Way.of(options(1, "pull")))))
                .as("nothing was seen of it")
                .containsOnly("-");
        assertThat(new ComparisonText("test", besideQemuAtLength(flip), TableOrder.RUN, TableUnit.AUTO, flip).text())
                .contains("ratio to what was seen of pageflip flip stop-and-move memfd; memory");
    }

    @Test
    void aFigureThatSomeRunsLackSaysHowManyHaveIt() throws IOException {
        Seen seen = new Seen(8 * MS, 7 * MS, 9 * MS, 8 * MS, MS / 2, MS, MS, 100, 2);
        Seen nothing = new Seen(null, null, null, 0, 0, MS, MS, 100, 2);
        QemuResult all =
                new QemuResult("completed", 8 * MS, 6 * MS, 30L, 40 * MS, 100L, 1000L, 1000L, seen, null, null);
        QemuResult missed =
                new QemuResult("completed", 8 * MS, null, 30L, 40 * MS, 100L, 1000L, 1000L, nothing, null, null);
        Map<String, Object> options = new LinkedHashMap<>(options(1 << 20, "flip"));
        options.putAll(Map.of("program", "qemu 7.2.22", "mode", "precopy"));
        Comparison comparison = Comparison.of(
                Map.of("runs", 3),
                false,
                List.of(),
                List.of(QemuCell.of(options, List.of(all, missed, all), false, null)),
                List.of(),
                null);

        assertThat(Samples.text("test", comparison)).contains("8.00 ms (2 of 3)  6.00 ms (2 of 3) ");
        JsonNode summary = ResultJson.MAPPER.readTree(comparison.json()).at("/qemu/0/summary");
        assertThat(summary.path("runs").asInt()).isEqualTo(3);
        assertThat(summary.path("stop-resume-runs").asInt()).isEqualTo(2);
        assertThat(summary.at("/seen/runs").asInt()).isEqualTo(2);
    }
}
