package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code migrate --ping-pong}: one guest, to and fro between two processes that stay. */
final class PingPongIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --vcpus 2 --fill 60",
                "--ram 16M --schedule postcopy --workload uniform --dirty-rate 200K",
                "--ram 16M --schedule stop-and-move --batch 7",
                "--ram 16M --mechanism pull",
                "--ram 16M --backing anonymous --mechanism gift",
                "--ram 16M --mechanism stream --schedule precopy --vcpus 2 --channel pipe",
            })
    void nothingIsLostOnTheWay(String options) throws IOException {
        Report report = Report.parse(start("--runs 3 " + options).endsWith(0).out());

        JsonNode runs = report.at("/runs");
        assertThat(runs).hasSize(3);
        for (JsonNode run : runs) {
            assertThat(run.path("status").asText()).isEqualTo("completed");
            assertThat(run.path("owner").asText()).isEqualTo("destination");
            assertThat(run.path("pages")).isEqualTo(runs.path(0).path("pages"));
            assertThat(run.at("/evidence/different").asLong()).isZero();
            assertThat(run.path("downtime-ns").asLong()).isPositive();
        }
        for (int i = 0; i < 2; i++) {
            assertThat(runs.path(i).at("/verification/status").asText()).isEqualTo("skipped");
        }
        JsonNode verification = runs.path(2).path("verification");
        assertThat(verification.path("status").asText()).as("%s", verification).isEqualTo("match");
        assertThat(verification.path("console").asBoolean()).isTrue();
        assertThat(report.at("/request/ping-pong").asBoolean()).isTrue();
    }

    @Test
    void migrationsToWarmUpAreNotCounted() throws IOException {
        Report report = Report.parse(
                start("--ram 16M --runs 1 --warmup 2 --no-verify").endsWith(0).out());

        assertThat(report.at("/runs")).hasSize(1);
    }

    /** The first agent has the guest before the first migration, and the second one between that and the second. */
    @ParameterizedTest
    @CsvSource({
        "--source-fault,      ready,    5, lost,   nobody",
        "--destination-fault, released, 1, failed, source",
        "--destination-fault, claimed,  5, lost,   nobody",
    })
    void aKilledAgentEndsIt(String agent, String step, int code, String status, String owner) throws IOException {
        Run run = start("--ram 16M --runs 3 " + agent + " kill@" + step).endsWith(code);

        JsonNode runs = Report.parse(run.out()).at("/runs");
        JsonNode last = runs.path(runs.size() - 1);
        assertThat(last.path("status").asText()).as("%s", last).isEqualTo(status);
        assertThat(last.path("owner").asText()).as("%s", last).isEqualTo(owner);
        assertThat(run.err().lines()).singleElement().asString().startsWith("pageflip: " + status);
        if (owner.equals("source")) {
            assertThat(last.at("/verification/status").asText()).isEqualTo("match");
        }
    }

    @Test
    void whoeverAsksForTheEndGetsTheGuestVerified() throws Exception {
        Run run = pageflip.start(
                        "migrate", "--ram=16M", "--run-after=1000", "--progress=always", "--ping-pong", "--runs=9")
                .awaitErr("guest runs");

        run.signal("TERM");
        run.endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ");
    }

    private Run start(String options) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("migrate", "--format", "json", "--ping-pong", "--run-after", "0.05"));
        arguments.addAll(Arrays.asList(options.split(" +", -1)));
        return pageflip.start(arguments);
    }
}
