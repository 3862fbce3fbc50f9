package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.Proc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code pageflip check} as a process, on the kernel that runs the tests. */
final class CheckIT {
    private static final Duration LIMIT = Duration.ofMillis(600);
    private static final int TRIES = 5;
    private static final Path PRESSURE = Path.of("/proc/pressure/cpu");
    private static final int USABLE = 0;
    private static final int UNUSABLE = 4;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    private Run check(String... options) throws IOException {
        Run run = pageflip.start(List.of("check"), options);
        run.end();
        return run;
    }

    @Test
    void saysInTextWhatTheProbesFound() throws Exception {
        HostCapabilities host = HostCapabilities.probe();

        Run run = check();

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("Linux " + Proc.kernelRelease() + ", ");
        assertThat(run.out().lines().skip(2))
                .hasSize(host.capabilities().size() + 1 + host.mechanisms().size())
                .allSatisfy(line -> assertThat(line).matches("|[a-z-]+ +(yes|no|usable|unusable) +\\S.*"));
        assertThat(run.process().exitValue()).isEqualTo(host.defaultMigration().available() ? USABLE : UNUSABLE);
    }

    private static List<Boolean> available(HostCapabilities host) {
        return host.capabilities().stream().map(Capability::available).toList();
    }

    @Test
    void saysTheSameInJson() throws Exception {
        HostCapabilities host = HostCapabilities.probe();
        Run run = check("--format", "json");
        HostCapabilities later = HostCapabilities.probe();
        // Free huge pages are the whole host's, and other tests reserve some.
        for (int tries = 1; tries < TRIES && !available(later).equals(available(host)); tries++) {
            host = later;
            run = check("--format", "json");
            later = HostCapabilities.probe();
        }

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.err()).isEmpty();
        assertThat(json.path("schema").asText()).isEqualTo("pageflip.check/1");
        assertThat(json.at("/host/page-size").asInt()).isEqualTo(Proc.pageSize());
        assertThat(json.path("capabilities")).hasSameSizeAs(host.capabilities());
        for (int i = 0; i < host.capabilities().size(); i++) {
            JsonNode found = json.path("capabilities").get(i);
            assertThat(found.path("name").asText())
                    .isEqualTo(host.capabilities().get(i).name());
            assertThat(found.path("available").asBoolean())
                    .as("%s", found)
                    .isEqualTo(host.capabilities().get(i).available());
        }
        assertThat(json.at("/mechanisms/0/name").asText()).isEqualTo("flip");
        assertThat(json.at("/mechanisms/0/usable").asBoolean())
                .isEqualTo(run.process().exitValue() == USABLE);
    }

    @Test
    void worksForAnOrdinaryUser() throws Exception {
        Run run =
                pageflip.startCommand(Host.asOrdinaryUser(Pageflip.launcher().toString(), "check", "--format", "json"));
        run.end();

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.err()).isEmpty();
        JsonNode frameNumbers = null;
        for (JsonNode capability : json.path("capabilities")) {
            frameNumbers = capability.path("name").asText().equals("frame-numbers") ? capability : frameNumbers;
        }
        assertThat(frameNumbers).isNotNull();
        assertThat(frameNumbers.path("available").asBoolean()).isFalse();
        assertThat(frameNumbers.path("detail").asText()).contains("CAP_SYS_ADMIN");
        assertThat(run.process().exitValue())
                .as("privileges change nothing about the default migration")
                .isEqualTo(check().process().exitValue());
    }

    @Test
    void aWrongFormatIsWrongUsage() throws Exception {
        Run run = check("--format", "xml");

        assertThat(run.process().exitValue()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .startsWith("pageflip: Invalid value for option '--format': 'xml' is not one of text, json\n");
    }

    /**
     * The best of some tries, without the time in which something on this machine waited for a processor: so long, a
     * busy machine keeps anybody waiting.
     */
    @Test
    void answersInTime() throws Exception {
        for (String format : List.of("text", "json")) {
            List<Duration> times = new ArrayList<>();
            for (int i = 0; i < TRIES; i++) {
                long startNs = System.nanoTime();
                long waited = waitedNs();
                check("--format", format);
                times.add(Duration.ofNanos(System.nanoTime() - startNs - (waitedNs() - waited)));
            }
            assertThat(times.stream().min(Comparator.naturalOrder()).orElseThrow())
                    .as("the best of %s, as %s", times, format)
                    .isLessThan(LIMIT);
        }
    }

    /** For how long in all some task has waited for a processor; 0 if this kernel does not count that. */
    private static long waitedNs() throws IOException {
        if (!Files.isReadable(PRESSURE)) {
            return 0;
        }
        String line = Files.readAllLines(PRESSURE).get(0);
        return TimeUnit.MICROSECONDS.toNanos(Long.parseLong(line.replaceAll(".* total=", "")));
    }
}
