package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One JDK of each version from 17 on that is installed here: all works, and none says a word on the terminal. */
final class EachJdkIT {
    private static final Path INSTALLED = Path.of("/usr/lib/jvm");
    private static final int OLDEST = 17;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    static Stream<Path> jdks() throws IOException {
        List<Path> candidates = new ArrayList<>();
        candidates.add(Path.of(System.getProperty("java.home")));
        String home = System.getenv("JAVA_HOME");
        if (home != null && !home.isEmpty()) {
            candidates.add(Path.of(home));
        }
        if (Files.isDirectory(INSTALLED)) {
            try (Stream<Path> found = Files.list(INSTALLED)) {
                found.sorted().forEach(candidates::add);
            }
        }
        Map<Integer, Path> byVersion = new TreeMap<>();
        for (Path candidate : candidates) {
            int version = version(candidate);
            if (version >= OLDEST) {
                byVersion.putIfAbsent(version, candidate);
            }
        }
        return byVersion.values().stream();
    }

    /** The major version, 0 if there is no JDK. */
    private static int version(Path home) throws IOException {
        Path release = home.resolve("release");
        if (!Files.isReadable(release) || !Files.isExecutable(home.resolve("bin/java"))) {
            return 0;
        }
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(release)) {
            properties.load(reader);
        }
        String version =
                Objects.toString(properties.getProperty("JAVA_VERSION"), "0").replace("\"", "");
        return Integer.parseInt(version.split("[^0-9]", -1)[0]);
    }

    @ParameterizedTest
    @MethodSource("jdks")
    void migratesWithoutAWarning(Path jdk) throws IOException {
        pageflip.javaHome(jdk);

        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=0.05", "--format=json")
                .endsWith(0);

        assertThat(run.err()).isEmpty();
        Report report = Report.parse(run.out()).assertCompleted("match");
        assertThat(report.at("/host/java").asText()).startsWith(Integer.toString(version(jdk)));
    }

    @ParameterizedTest
    @MethodSource("jdks")
    void pipesWithoutAWarning(Path jdk) throws IOException {
        pageflip.javaHome(jdk);

        Run run = pageflip.shell("\"$PAGEFLIP\" source --ram 16M --quiet --mechanism gift --backing anonymous"
                        + " | \"$PAGEFLIP\" destination --run-after 0.05")
                .endsWith(0);

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ");
    }
}
