package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.kernel.workload.Conditions;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.kernel.workload.Simulation;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.metrics.ResultJson;
import io.pageflip.prediction.Costs;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each way to write what a simulation found. */
final class SimulationReportTest {
    private static final Costs COSTS =
            new Costs(Costs.SCHEMA, "a host", Map.of("flip", new Costs.Cost(0, 1000), "gift", new Costs.Cost(0, 2000)));

    private static SimulationReport report(Costs costs) throws InterruptedException {
        Map<SimulatedKernel, SimulationResult> results = new LinkedHashMap<>();
        for (SimulatedKernel kernel : List.of(SimulatedKernel.STOCK, SimulatedKernel.VMSPLICE_MOVE)) {
            results.put(kernel, new Simulation(kernel, Conditions.plain(1), 1024).run(1, () -> false));
        }
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("kernel", List.of("stock", "vmsplice-move"));
        request.put("ram", 4 << 20);
        request.put("thp", "0%");
        return SimulationReport.of(request, results, costs);
    }

    @Test
    void textIsOneTableAndWhatAReaderMustKnow() throws Exception {
        assertThat(report(COSTS).text("4M").lines().toList())
                .startsWith("pageflip simulate: 4M")
                .anyMatch(line -> line.matches("stock +0 +1,024 +0 +0 +2,048 +2.00 +0 +2.05 ms"))
                .anyMatch(line -> line.matches("vmsplice-move +1,024 +0 +0 +0 +1,024 +1.00 +1 +1.02 ms"))
                .contains("stock copied: 1,024 flag-ignored", "vmsplice-move prints warnings: 1 bad-rss-counter")
                .anyMatch(line -> line.startsWith("pages phase: predicted from flip 1000 ns, gift 2000 ns a page, "));
    }

    @Test
    void withoutCostsItSaysHowToGetThem() throws Exception {
        assertThat(report(null).text("4M"))
                .containsPattern("(?m)^stock .* -$")
                .contains("no time is predicted", "--calibrate", "--costs");
        assertThat(report(null).json()).doesNotContain("costs", "predicted-pages-ns");
    }

    @Test
    void jsonHasAllOfIt() throws Exception {
        JsonNode document = ResultJson.MAPPER.readTree(report(COSTS).json());
        assertThat(document.path("schema").asText()).isEqualTo("pageflip.simulation/1");
        JsonNode posted = document.at("/kernels/1");
        assertThat(posted.path("kernel").asText()).isEqualTo("vmsplice-move");
        assertThat(posted.at("/pages/moved").asLong()).isEqualTo(1024);
        assertThat(posted.at("/pages/claimed-not-moved").asLong()).isZero();
        assertThat(posted.at("/reasons/moved/moved").asLong()).isEqualTo(1024);
        assertThat(posted.at("/frames/peak").asLong()).isEqualTo(1024);
        assertThat(posted.at("/warnings/bad-rss-counter").asLong()).isEqualTo(1);
        assertThat(posted.at("/defects/stale-rmap").asLong()).isEqualTo(1024);
        assertThat(posted.path("predicted-pages-ns").asLong()).isEqualTo(1_024_000);
        assertThat(document.at("/costs/mechanisms/gift/ns-per-page").asDouble()).isEqualTo(2000);
    }

    @Test
    void csvAndMarkdownHaveARowForEachKernel() throws Exception {
        assertThat(report(COSTS).csv().lines())
                .containsExactly(
                        "ram,thp,kernel,offered,moved,copied,failed,claimed-not-moved,frames-before,frames-peak,"
                                + "frames-after,predicted-pages-ns",
                        "4194304,0%,stock,1024,0,1024,0,0,1024,2048,2048,2048000",
                        "4194304,0%,vmsplice-move,1024,1024,0,0,0,1024,1024,1024,1024000");
        assertThat(report(COSTS).markdown("4M"))
                .contains("| stock | 0 | 1,024 | 0 | 0 | 2,048 | 2.00 | 0 | 2.05 ms |", "- stock copied: ");
    }
}
