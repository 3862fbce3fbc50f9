package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.Proc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code pageflip check} as a process, on the kernel that runs the tests. */
final class CheckIT {
    private static final List<String> ORDINARY_USER =
            List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");
    private static final Duration LIMIT = Duration.ofMillis(600);
    private static final int USABLE = ExitCodes.OK;
    private static final int UNUSABLE = ExitCodes.HOST_LACKS;

    @Test
    void saysInTextWhatTheProbesFound() throws Exception {
        HostCapabilities host = HostCapabilities.probe();

        Run run = Run.check(List.of());

        assertThat(run.err).isEmpty();
        assertThat(run.out).startsWith("Linux " + Proc.kernelRelease() + ", ");
        assertThat(run.out.lines().skip(2))
                .hasSize(host.capabilities().size() + 1 + host.mechanisms().size())
                .allSatisfy(line -> assertThat(line).matches("|[a-z-]+ +(yes|no|usable|unusable) +\\S.*"));
        assertThat(run.exitCode).isEqualTo(host.defaultMigration().available() ? USABLE : UNUSABLE);
    }

    @Test
    void saysTheSameInJson() throws Exception {
        HostCapabilities host = HostCapabilities.probe();

        Run run = Run.check(List.of(), "--format", "json");

        JsonNode json = new ObjectMapper().readTree(run.out);
        assertThat(run.err).isEmpty();
        assertThat(json.path("schema").asText()).isEqualTo("pageflip.check/1");
        assertThat(json.at("/host/page-size").asInt()).isEqualTo(Proc.pageSize());
        assertThat(json.path("capabilities")).hasSameSizeAs(host.capabilities());
        for (int i = 0; i < host.capabilities().size(); i++) {
            JsonNode found = json.path("capabilities").get(i);
            assertThat(found.path("name").asText())
                    .isEqualTo(host.capabilities().get(i).name());
            assertThat(found.path("available").asBoolean())
                    .isEqualTo(host.capabilities().get(i).available());
        }
        assertThat(json.at("/mechanisms/0/name").asText()).isEqualTo("flip");
        assertThat(json.at("/mechanisms/0/usable").asBoolean()).isEqualTo(run.exitCode == USABLE);
    }

    @Test
    void worksForAnOrdinaryUser() throws Exception {
        assumeTrue(Proc.uid() == 0, "only root can become another user");

        Run run = Run.check(ORDINARY_USER, "--format", "json");

        JsonNode json = new ObjectMapper().readTree(run.out);
        assertThat(run.err).isEmpty();
        JsonNode frameNumbers = null;
        for (JsonNode capability : json.path("capabilities")) {
            frameNumbers = capability.path("name").asText().equals("frame-numbers") ? capability : frameNumbers;
        }
        assertThat(frameNumbers).isNotNull();
        assertThat(frameNumbers.path("available").asBoolean()).isFalse();
        assertThat(frameNumbers.path("detail").asText()).contains("CAP_SYS_ADMIN");
        assertThat(run.exitCode)
                .as("privileges change nothing about the default migration")
                .isEqualTo(Run.check(List.of()).exitCode);
    }

    @Test
    void aWrongFormatIsWrongUsage() throws Exception {
        Run run = Run.check(List.of(), "--format", "xml");

        assertThat(run.exitCode).isEqualTo(2);
        assertThat(run.out).isEmpty();
        assertThat(run.err)
                .startsWith("pageflip: Invalid value for option '--format': 'xml' is not one of text, json\n");
    }

    /** The best of some tries: a busy machine can make any one slow. */
    @Test
    void answersInTime() throws Exception {
        for (String format : List.of("text", "json")) {
            List<Duration> times = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                times.add(Run.check(List.of(), "--format", format).time);
            }
            assertThat(times.stream().min(Comparator.naturalOrder()).orElseThrow())
                    .as("the best of %s, as %s", times, format)
                    .isLessThan(LIMIT);
        }
    }

    /** One run of the launcher, on the Java that runs the test. */
    private record Run(int exitCode, String out, String err, Duration time) {
        static Run check(List<String> prefix, String... arguments) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>(prefix);
            command.add(Path.of("bin/pageflip").toAbsolutePath().toString());
            command.add("check");
            command.addAll(Arrays.asList(arguments));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            long start = System.nanoTime();
            Process process = builder.start();
            // Neither stream ever fills a pipe, so one may be read after the other.
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            int exitCode = process.waitFor();
            return new Run(exitCode, out, err, Duration.ofNanos(System.nanoTime() - start));
        }
    }
}
