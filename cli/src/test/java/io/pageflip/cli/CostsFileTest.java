package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.prediction.Costs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where measured costs are kept. */
final class CostsFileTest {
    @TempDir
    private Path folder;

    @Test
    void isInTheUsersCacheDirectory() {
        assertThat(CostsFile.ofUser(Map.of("XDG_CACHE_HOME", "/c"), "/home/u").path())
                .hasToString("/c/pageflip/costs.json");
        assertThat(CostsFile.ofUser(Map.of("XDG_CACHE_HOME", "relative"), "/home/u")
                        .path())
                .hasToString("/home/u/.cache/pageflip/costs.json");
        assertThat(CostsFile.ofUser(Map.of(), "/home/u").path()).hasToString("/home/u/.cache/pageflip/costs.json");
    }

    @Test
    void isMadeWithItsDirectories() throws IOException {
        Costs costs = new Costs(Costs.SCHEMA, "here", Map.of("flip", new Costs.Cost(1, 2)));
        CostsFile file =
                CostsFile.ofUser(Map.of("XDG_CACHE_HOME", folder.resolve("a/b").toString()), "/");
        file.store(costs);
        assertThat(Costs.parse(Files.readString(file.path()))).isEqualTo(costs);
    }
}
