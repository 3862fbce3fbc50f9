package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reports that the release before this one wrote, {@code --present 10% --unmapped 20%}. */
final class FormerSchemaTest {
    private static JsonNode stored(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(FormerSchemaTest.class.getResourceAsStream(name))) {
            return ResultJson.MAPPER.readTree(in);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "migration-1.json,  pageflip.migration/2,  /runs/0/pages,            4673, 4455, 65, 51, 102",
        "migration-1.json,  pageflip.migration/2,  /runs/0/blocks/0/pages,   512,  359,  0,  51, 102",
        "migration-1.json,  pageflip.migration/2,  /runs/0/blocks/1/pages,   4096, 4096, 0,  0,  0",
        "migration-1.json,  pageflip.migration/2,  /runs/0/blocks/2/pages,   65,   0,    65, 0,  0",
        "comparison-1.json, pageflip.comparison/2, /cells/0/runs/0/pages,    4417, 4276, 65, 25, 51",
        "comparison-1.json, pageflip.comparison/2, /cells/0/predicted/pages, 4417, 4276, 65, 25, 51",
        "comparison-1.json, pageflip.comparison/2, /cells/0/predicted/blocks/ram, 256, 180, 0, 25, 51",
    })
    void declinedPagesAreNoLongerCopied(
            String file, String schema, String place, long total, long moved, long copied, long present, long unmapped)
            throws IOException {
        JsonNode upgraded = FormerSchema.upgraded(stored(file));

        assertThat(upgraded.path("schema").asText()).isEqualTo(schema);
        PageCounts pages = ResultJson.MAPPER.treeToValue(upgraded.at(place), PageCounts.class);
        assertThat(pages.addsUp()).as("%s", pages).isTrue();
        assertThat(pages.total()).isEqualTo(total);
        assertThat(pages.moved()).isEqualTo(moved);
        assertThat(pages.copied()).isEqualTo(copied);
        assertThat(pages.declined()).isEqualTo(present + unmapped);
        assertThat(pages.declineReasons().getOrDefault("already-present", 0L)).isEqualTo(present);
        assertThat(pages.declineReasons().getOrDefault("no-mapping", 0L)).isEqualTo(unmapped);
    }

    @Test
    void theRunsAreResultsOfToday() throws IOException {
        RunResult run = ResultJson.MAPPER.treeToValue(
                FormerSchema.upgraded(stored("migration-1.json")).at("/runs/0"), RunResult.class);

        assertThat(TextReport.ofAgent("source", run))
                .contains("status        completed: the guest is at the destination\n")
                .contains("4,455 moved, 65 copied (1 not-page-sized, 64 private-memory), "
                        + "153 declined (51 already-present, 102 no-mapping), 0 zero\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"migration-1.json", "comparison-1.json"})
    void aPageIsMadeOfThem(String file) throws IOException {
        JsonNode comparison = Objects.requireNonNull(HtmlReport.comparison(stored(file)));

        assertThat(comparison.path("schema").asText()).isEqualTo("pageflip.comparison/2");
        assertThat(HtmlReport.of(comparison)).contains("\"decline-reasons\":{\"already-present\":");
    }

    @Test
    void nothingElseIsTouched() throws IOException {
        JsonNode stored = stored("migration-1.json");
        JsonNode upgraded = FormerSchema.upgraded(stored);

        assertThat(upgraded.at("/request")).isEqualTo(stored.at("/request"));
        assertThat(upgraded.at("/runs/0/throughput")).isEqualTo(stored.at("/runs/0/throughput"));
        assertThat(stored.at("/runs/0/pages/copied").asLong())
                .as("the document itself")
                .isEqualTo(218);
        assertThat(FormerSchema.upgraded(upgraded)).as("of today").isSameAs(upgraded);
        JsonNode other = ResultJson.MAPPER.readTree("{\"schema\": \"other\", \"copy-reasons\": {}}");
        assertThat(FormerSchema.upgraded(other)).isSameAs(other);
    }
}
