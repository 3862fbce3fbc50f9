package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --schedule precopy}: rounds while the guest runs, between two processes. Who dies meanwhile: {@link KillIT}.
 */
final class PrecopyIT {
    private static final int PAGE = 4096;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--mechanism stream --channel pipe --dirty-tracking log",
                "--mechanism gift --backing anonymous",
                "--mechanism pull --workload uniform",
            })
    void theGuestIsCopiedWhileItRuns(String options) throws IOException {
        // At this rate the first round takes long enough for the guest to write something, and longer than a pause
        // in which the agents have to wait for a processor.
        JsonNode run = fromHere("--ram 64M --fill 60 --vcpus 2 --batch 7 --dirty-rate 5000 --max-bandwidth 100M"
                + " --downtime-limit 30 " + options);

        assertMatch(run);
        long standing = run.at("/downtime-phases-ns/pages").asLong();
        JsonNode rounds = run.at("/precopy/rounds");
        assertThat(rounds.path(0).path("duration-ns").asLong())
                .as("most of it crosses while the guest runs")
                .isGreaterThan(standing);
        assertThat(rounds.path(0).path("bytes-sent").asLong())
                .isEqualTo(rounds.path(0).path("pages-sent").asLong() * PAGE);
        assertThat(rounds.path(rounds.size() - 1).path("decision").asText()).isEqualTo("switch");
        assertThat(run.at("/precopy/dirty-tracking").asText())
                .isEqualTo(options.contains("log") ? "log" : "write-protect");
    }

    @Test
    void hugePagesAreCopiedWhole() throws IOException {
        try (HugePages reserved = HugePages.reserve(16)) {
            assertThat(reserved).isNotNull();
            assertMatch(fromHere("--backing hugetlb --ram 16M --mechanism stream --batch 3 --max-rounds 2"));
        }
    }

    @Test
    void aGuestThatOutrunsItIsSwitchedWhenTheRoundsHaveRunOut() throws IOException {
        JsonNode run = migrate("--ram 16M --mechanism stream --workload uniform --dirty-rate 500K --downtime-limit 1"
                        + " --max-bandwidth 100M --max-rounds 2 --on-timeout switch")
                .path(0);

        assertMatch(run);
        assertThat(run.at("/precopy/rounds")).hasSize(2);
        assertThat(run.at("/precopy/rounds/1/reason").asText()).isEqualTo("the rounds have run out");
    }

    @Test
    void aGuestThatOutrunsItStaysWhenTheTimeHasRunOut() throws IOException {
        Run run = start("--ram 16M --mechanism stream --workload uniform --dirty-rate 500K --downtime-limit 1"
                        + " --max-bandwidth 100M --timeout 0.1 --on-timeout cancel")
                .endsWith(1);

        Report report = Report.parse(run.out());
        report.assertLivesOnAtSource("cancelled");
        assertThat(report.at("/runs/0/error/class").asText()).isEqualTo("not-converged");
        assertThat(report.at("/runs/0/precopy/rounds/0/decision").asText()).isEqualTo("cancel");
    }

    private static void assertMatch(JsonNode run) {
        assertThat(run.path("status").asText()).as("%s", run).isEqualTo("completed");
        assertThat(run.at("/verification/status").asText()).as("%s", run).isEqualTo("match");
        JsonNode pages = run.path("pages");
        long sum = pages.path("moved").asLong()
                + pages.path("copied").asLong()
                + pages.path("zero").asLong();
        assertThat(sum).isEqualTo(pages.path("total").asLong());
    }

    private JsonNode fromHere(String options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--schedule", "precopy"));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        return pageflip.migrateFromHere(all).run();
    }

    private JsonNode migrate(String options) throws IOException {
        return Report.parse(start(options).endsWith(0).out()).at("/runs");
    }

    private Run start(String options) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("migrate", "--schedule", "precopy", "--format", "json", "--run-after", "0.05"));
        arguments.addAll(Arrays.asList(options.split(" ", -1)));
        return pageflip.start(arguments);
    }
}
