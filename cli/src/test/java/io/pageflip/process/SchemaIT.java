package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.prediction.Costs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What pageflip writes keeps to the schemas in {@code docs/json}: {@link Report#parse} holds every document against its
 * own. Here are the kinds of documents that no other test reads as a whole, and documents that must be refused.
 */
final class SchemaIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    /** Every mechanism that runs with a schedule, in one document, with its prediction, and why the others do not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stop-and-move | flip, gift, stream, pull",
                "handover      | flip",
                "postcopy      | flip, pull",
                "precopy       | stream, pull",
            })
    void aComparisonOfMechanisms(String schedule, String mechanisms) throws IOException {
        JsonNode document = document("compare --ram 16M --runs 1 --run-after 0.05 --predict --schedule " + schedule
                + " --mechanism " + mechanisms.replace(" ", "") + (schedule.equals("stop-and-move") ? "" : ",gift"));

        assertThat(mechanisms(document)).contains(mechanisms.split(", "));
        document.path("cells")
                .forEach(cell -> assertThat(cell.path("status").asText()).isEqualTo("completed"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "completed | --backing anonymous --adopt",
                "completed | --mechanism flip --no-gift",
                "completed | --no-verify --warmup 1 --runs 2",
                "completed | --ping-pong --runs 2",
                "failed    | --destination-fault kill@ready",
                "lost      | --source-fault kill@ready",
                "cancelled | --mechanism stream --schedule precopy --max-rounds 1 --downtime-limit 1 --workload uniform"
                        + " --dirty-rate 100M --on-timeout cancel",
            })
    void aMigrationHoweverItEnds(String status, String options) throws IOException {
        JsonNode document = document("migrate --ram 16M --run-after 0.05 " + options);

        assertThat(document.at("/runs/0/status").asText()).isEqualTo(status);
    }

    @Test
    void simulationsAndChecks() throws IOException {
        Costs costs = new Costs(
                Costs.SCHEMA, null, Map.of("flip", new Costs.Cost(12_000, 35.5), "gift", new Costs.Cost(9_000, 410)));
        Path file = Files.writeString(pageflip.path("costs"), costs.json());

        document("check");
        JsonNode plain = document("simulate --ram 64M --thp 30% --forked 1% --races 1%");
        JsonNode priced = document("simulate --ram 64M --costs " + file);

        assertThat(plain.path("kernels").size()).isPositive();
        assertThat(priced.has("costs")).isTrue();
    }

    @Test
    void aBrokenReportIsRefused() throws IOException {
        JsonNode good = document("migrate --ram 16M --run-after 0.05");

        assertRefused(good, report -> report.remove("host"));
        assertRefused(good, report -> report.put("comment", "none"));
        assertRefused(good, report -> report.put("schema", "pageflip.migration/0"));
        assertRefused(good, report -> object(report, "/request").remove("seed"));
        assertRefused(good, report -> object(report, "/request").put("prefetch", 0));
        assertRefused(good, report -> object(report, "/request").put("max-rounds", 3)); // which is for precopy
        assertRefused(good, report -> object(report, "/request").put("mechanism", "walk"));
        assertRefused(good, report -> object(report, "/request").put("colour", "red"));
        assertRefused(good, report -> object(report, "/runs/0").remove("downtime-ns"));
        assertRefused(good, report -> object(report, "/runs/0").put("downtime-ns", -1));
        assertRefused(good, report -> object(report, "/runs/0").put("downtime-ns", 1.5));
        assertRefused(good, report -> object(report, "/runs/0").put("owner", "source"));
        assertRefused(good, report -> object(report, "/runs/0").put("status", "failed"));
        assertRefused(good, report -> object(report, "/runs/0").put("status", "happy"));
        assertRefused(
                good, report -> object(report, "/runs/0").putObject("error").put("class", "usage"));
        assertRefused(good, report -> object(report, "/runs/0/pages").put("moved", -1));
        assertRefused(
                good, report -> object(report, "/runs/0/pages/copy-reasons").put("whim", 1));
        assertRefused(good, report -> object(report, "/runs/0/blocks/0").remove("pages"));
        assertRefused(good, report -> object(report, "/runs/0/verification").put("lost", 1));
        assertRefused(
                good, report -> object(report, "/runs/0/downtime-phases-ns").put("lunch", 1));
    }

    private static void assertRefused(JsonNode good, Consumer<ObjectNode> damage) {
        ObjectNode broken = good.deepCopy();
        damage.accept(broken);
        assertThat(broken).isNotEqualTo(good);
        assertThatThrownBy(() -> Report.parse(broken.toString()))
                .as("%s", broken)
                .isInstanceOf(AssertionError.class);
    }

    private static ObjectNode object(ObjectNode report, String pointer) {
        return (ObjectNode) report.at(pointer);
    }

    private static List<String> mechanisms(JsonNode document) {
        List<String> mechanisms = new ArrayList<>();
        document.path("cells")
                .forEach(cell -> mechanisms.add(cell.at("/options/mechanism").asText()));
        return mechanisms;
    }

    /** What it writes, which {@link Report} has found in order. */
    private JsonNode document(String line) throws IOException {
        Run run = pageflip.start(List.of(line.split(" ")), "--format=json");
        run.end();
        assertThat(run.out()).as("%s", run).startsWith("{");
        return Report.parse(run.out()).document();
    }
}
