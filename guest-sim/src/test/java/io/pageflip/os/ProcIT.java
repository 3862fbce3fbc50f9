package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ProcIT {
    private static final long MIB = 1 << 20;

    @Test
    void theProportionalSetGrowsByWhatIsAllocated() throws IOException {
        long before = Proc.proportionalSetBytes();
        assertThat(before).as("of a whole JVM").isGreaterThan(10 * MIB);
        try (Mapping mapping = Mapping.anonymous("more", 64 * MIB)) {
            mapping.populate(0, 64 * MIB);
            // The heap may grow or shrink meanwhile, so only about as much.
            assertThat(Proc.proportionalSetBytes() - before).isBetween(32 * MIB, 128 * MIB);
        }
    }

    @Test
    void availableMemoryIsAPartOfTheHosts() throws IOException {
        assertThat(MemoryLimits.memory().availableBytes())
                .isGreaterThan(0)
                .isLessThan(1L << 50)
                .isNotEqualTo(Long.MAX_VALUE);
        String total = Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal:"))
                .findFirst()
                .orElseThrow();
        assertThat(MemoryLimits.memory().availableBytes())
                .isLessThanOrEqualTo(Long.parseLong(total.replaceAll("\\D", "")) * 1024);
    }

    @Test
    void thisProcessIsNamedRightly() throws IOException {
        assertThat(Path.of("/proc/self").toRealPath()).hasFileName("" + Proc.pid());
        assertThat(Proc.uid()).isEqualTo(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        assertThat(Proc.kernelRelease()).isEqualTo(System.getProperty("os.version"));
    }

    @Test
    void relocatedPagesOnlyGrow() throws IOException {
        long before = Proc.relocatedPages();
        assertThat(before).isNotNegative();
        try (Mapping mapping = Mapping.anonymous("more", 16 * PAGE)) {
            mapping.populate(0, 16 * PAGE);
        }
        assertThat(Proc.relocatedPages()).isGreaterThanOrEqualTo(before);
    }
}
