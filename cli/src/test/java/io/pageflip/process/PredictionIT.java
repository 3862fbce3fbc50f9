package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Simulated guests, and real migrations that go as was predicted. */
final class PredictionIT {
    private static final String COSTS = """
            {"schema": "pageflip.costs/1", "mechanisms": {"flip": {"fixed-ns": 0, "ns-per-page": 400},
             "gift": {"fixed-ns": 100000, "ns-per-page": 700}, "stream": {"fixed-ns": 0, "ns-per-page": 1500}}}
            """;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @Test
    void everyKernelIsSimulatedAndTold() throws IOException {
        Path costs = pageflip.path("costs.json");
        Files.writeString(costs, COSTS);
        Run run = pageflip.start(
                        "simulate",
                        "--kernel=stock,vmsplice-move,vmsplice-move-fixed,fuse-move,insert-special,pipe-iter",
                        "--ram=300M",
                        "--thp=30%",
                        "--forked=5%",
                        "--ksm=2%",
                        "--pinned=1%",
                        "--swapped=1%",
                        "--unaligned=1%",
                        "--races=0.1%",
                        "--seed=7",
                        "--costs=" + costs,
                        "--format=json")
                .endsWith(0);

        JsonNode document = Report.parse(run.out()).document();
        assertThat(document.path("schema").asText()).isEqualTo("pageflip.simulation/1");
        assertThat(document.path("kernels")).hasSize(6).allSatisfy(kernel -> {
            JsonNode pages = kernel.path("pages");
            assertThat(pages.path("offered").asLong()).isEqualTo(76_800);
            assertThat(pages.path("moved").asLong()
                            + pages.path("copied").asLong()
                            + pages.path("failed").asLong()
                            + pages.path("claimed-not-moved").asLong())
                    .isEqualTo(76_800);
            assertThat(kernel.path("predicted-pages-ns").asLong()).isPositive();
        });
        assertThat(document.at("/kernels/0/predicted-pages-ns").asLong()).isEqualTo(100_000 + 76_800 * 700);
    }

    @Test
    void whatWasMeasuredIsFoundInTheCacheAndNothingElseIs() throws IOException {
        assertThat(simulateSmall().out()).contains("no time is predicted", "--calibrate");
        Files.createDirectories(pageflip.path("measured/pageflip"));
        Files.writeString(pageflip.path("measured/pageflip/costs.json"), COSTS);
        assertThat(simulateSmall().out()).contains("predicted from flip 400 ns, gift 700 ns, stream 1500 ns a page");
    }

    private Run simulateSmall() throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "XDG_CACHE_HOME=" + pageflip.path("measured")));
        command.addAll(List.of(Pageflip.launcher().toString(), "simulate", "--ram=1M"));
        return pageflip.startCommand(command).endsWith(0);
    }

    @Test
    void pagesThatAThirdProcessMapsGoAsPredicted() throws IOException {
        Run run = pageflip.start(
                        "compare",
                        "--predict",
                        "--ram=16M",
                        "--fill=60",
                        "--sharer=20%",
                        "--mechanism=flip",
                        "--schedule=stop-and-move,handover,postcopy",
                        "--runs=1",
                        "--run-after=0.05",
                        "--format=json")
                .endsWith(0);

        JsonNode cells = Report.parse(run.out()).document().path("cells");
        assertThat(cells).hasSize(3).allSatisfy(cell -> {
            JsonNode predicted = cell.path("predicted");
            assertThat(predicted.path("counts-equal").asBoolean())
                    .as("%s", predicted)
                    .isTrue();
            assertThat(predicted.at("/pages/copy-reasons/still-mapped").asLong())
                    .isPositive();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--no-gift", "--no-move"})
    void migrationsGoAsPredicted(String flag) throws IOException {
        Path costs = pageflip.path("costs.json");
        Files.writeString(costs, COSTS);
        Path json = pageflip.path("c.json");
        List<String> options = new ArrayList<>(List.of(
                "compare",
                "--predict",
                "--ram=16M",
                "--fill=60",
                "--mechanism=flip,gift" + (flag.isEmpty() ? ",stream,pull" : ""),
                "--schedule=stop-and-move" + (flag.isEmpty() ? ",handover,precopy" : ""),
                "--runs=1",
                "--run-after=0.05",
                "--costs=" + costs,
                "--export-json=" + json));
        if (!flag.isEmpty()) {
            options.add(flag);
        }
        Run run = pageflip.start(options).endsWith(0);

        assertThat(run.out()).contains("predicted: ").doesNotContain("DIFFER");
        for (JsonNode cell : Report.parse(Files.readString(json)).document().path("cells")) {
            JsonNode predicted = cell.path("predicted");
            boolean open = cell.at("/options/mechanism").asText().equals("gift")
                    && cell.at("/options/schedule").asText().equals("precopy");
            assertThat(predicted.has("undetermined")).as("%s", cell).isEqualTo(open);
            if (!open) {
                assertThat(predicted.path("counts-equal").asBoolean())
                        .as("%s", cell)
                        .isTrue();
                assertThat(predicted.path("pages")).isEqualTo(cell.at("/runs/0/pages"));
            }
        }
        boolean flipAsMeasured = flag.isEmpty();
        assertThat(Report.parse(Files.readString(json)).at("/cells/0/predicted").has("error-percent"))
                .isEqualTo(flipAsMeasured);
    }
}
