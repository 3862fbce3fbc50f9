package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Garbage is collected in both agents all the time. A thread that touched a trapped page in Java state would never reach the
 * safepoint, and the JVM, which serves that page, would hang for ever.
 */
final class GcStormIT {
    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flip --vcpus=2",
                "flip --schedule=stop-and-move",
                "flip --schedule=postcopy --vcpus=2",
                "stream",
                "stream --schedule=precopy",
                "pull --schedule=precopy",
                "gift --backing=anonymous",
                "gift --backing=anonymous --schedule=precopy",
            })
    void hangsNothing(String options) throws IOException {
        pageflip.javaOptions("-javaagent:" + GcStorm.packTo(pageflip.path("storm.jar")), "-Xmn1m");

        Run run = pageflip.start(
                        ("migrate --ram=16M --run-after=0.2 --format=json --mechanism=" + options).split(" ", -1))
                .endsWith(0);

        JsonNode result = Report.parse(run.out()).run();
        assertThat(result.path("status").asText()).isEqualTo("completed");
        assertThat(result.at("/verification/status").asText()).isEqualTo("match");
    }

    /** After a failure the source's own pages trap, until it takes them back. */
    @ParameterizedTest
    @ValueSource(strings = "half-pages")
    void hangsNoFailureEither(String step) throws IOException {
        pageflip.javaOptions("-javaagent:" + GcStorm.packTo(pageflip.path("storm.jar")), "-Xmn1m");

        Run run = pageflip.start(
                        "migrate", "--ram=16M", "--run-after=0.2", "--format=json", "--destination-fault=kill@" + step)
                .endsWith(1);

        Report.parse(run.out()).assertLivesOnAtSource("failed");
        assertThat(run.err()).contains("the guest stays at the source");
    }
}
