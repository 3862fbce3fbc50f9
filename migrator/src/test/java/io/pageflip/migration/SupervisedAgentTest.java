package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent's process refuses by itself what makes no sense, and says why in its last event. */
final class SupervisedAgentTest {
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();

    private RunResult run(List<String> arguments, String input) {
        ByteArrayInputStream in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(told, true, StandardCharsets.UTF_8);
        return SupervisedAgent.run(arguments, in, out, new Cancellation(), AgentController.NONE);
    }

    private static List<String> task(String kind) {
        return List.of(kind, "/nowhere/m.sock", "1");
    }

    private void assertRefused(RunResult result, String sentence) throws Exception {
        assertThat(result.status()).isEqualTo(MigrationStatus.FAILED);
        assertThat(result.error()).isEqualTo(new Failure(Failure.Kind.USAGE, sentence));
        List<String> lines = told.toString(StandardCharsets.UTF_8).lines().toList();
        AgentEvent last = ResultJson.MAPPER.readValue(lines.get(lines.size() - 1), AgentEvent.class);
        assertThat(last.result()).isEqualTo(result);
    }

    @ParameterizedTest
    @ValueSource(strings = {"source", "first-peer"})
    void aSourceRefusesARequestThatMakesNoSense(String kind) throws Exception {
        MigrationRequest request =
                new RequestBuilder().mechanism(Mechanism.GIFT).build();

        RunResult result = run(task(kind), RequestDocument.write(request) + "\n");

        assertRefused(
                result,
                "--mechanism gift gives away private anonymous pages, and --backing memfd is shared; use "
                        + "--backing anonymous, or --mechanism flip");
    }

    @ParameterizedTest
    @ValueSource(strings = {"source", "destination", "first-peer", "second-peer"})
    void anUnknownKeyIsRefused(String kind) throws Exception {
        String document = RequestDocument.write(new RequestBuilder().build());

        RunResult result = run(task(kind), "{\"colour\": 1, " + document.substring(1) + "\n");

        assertRefused(result, "the request has a key 'colour', which this pageflip does not know");
    }

    @Test
    void whoeverStartsItMustSayWhatItIs() throws Exception {
        assertThat(run(List.of("peer"), "").error().message())
                .contains("first-peer")
                .contains("not with [peer]");
    }

    @Test
    void withoutARequestItGivesUp() {
        RunResult result = run(task("source"), "{\"ram\":");

        assertThat(result.status()).isEqualTo(MigrationStatus.CANCELLED);
        assertThat(result.error().message()).isEqualTo("whoever started this agent is gone");
    }

    @Test
    void aTaskIsReadAsItIsWritten() throws Exception {
        for (AgentTask.Kind kind : AgentTask.Kind.values()) {
            AgentTask task = new AgentTask(kind, "/tmp/m.sock", 7);
            List<String> line = task.after(List.of("java", "Main", "agent"));
            assertThat(AgentTask.parse(line.subList(3, line.size()))).isEqualTo(task);
        }
    }
}
