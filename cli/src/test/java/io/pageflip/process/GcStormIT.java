package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Garbage is collected in both agents all the time. A thread that touched a trapped page in Java state would never
 * reach the safepoint, and the JVM, which serves that page, would hang for ever.
 */
final class GcStormIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flip --vcpus=2",
                "flip --schedule=stop-and-move --batch=7",
                "flip --schedule=postcopy --vcpus=2 --workload=uniform --dirty-rate=200K --prefetch=1",
                "stream",
                "stream --schedule=precopy",
                "pull --batch=7",
                "pull --schedule=precopy",
                "pull --schedule=postcopy --vcpus=2 --workload=uniform --dirty-rate=200K --prefetch=1",
                "gift --backing=anonymous",
                "gift --backing=anonymous --schedule=precopy",
            })
    void hangsNothing(String options) throws IOException {
        assertMigrates(options);
    }

    @Test
    void hangsNoFileSystemEither() throws IOException {
        assertMigrates("fuse --backing=file:" + Host.fuseDirectory());
    }

    private void assertMigrates(String options) throws IOException {
        pageflip.gcStorms();

        Run run = pageflip.start(
                        ("migrate --ram=16M --run-after=0.05 --format=json --switchover-timeout=60 --mechanism="
                                        + options)
                                .split(" ", -1))
                .endsWith(0);

        JsonNode result = Report.parse(run.out()).run();
        assertThat(result.path("status").asText()).isEqualTo("completed");
        assertThat(result.at("/verification/status").asText()).isEqualTo("match");
        assertThat(pageflip.gcStormsSeen()).as("storms").isEqualTo(2);
    }

    /** After a failure the source's own pages trap, until it takes them back. */
    @ParameterizedTest
    @ValueSource(strings = "half-pages")
    void hangsNoFailureEither(String step) throws IOException {
        pageflip.gcStorms();

        Run run = pageflip.start(
                        "migrate", "--ram=16M", "--run-after=0.05", "--format=json", "--destination-fault=kill@" + step)
                .endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("failed");
        assertThat(run.err()).contains("the guest stays at the source");
        assertThat(pageflip.gcStormsSeen()).as("storms").isPositive();
    }
}
