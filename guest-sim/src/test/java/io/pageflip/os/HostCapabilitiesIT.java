package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The probes on the kernel that runs the tests, compared with what other ways of asking say. */
final class HostCapabilitiesIT {
    @Test
    void namesEverythingOnceAndSaysWhy() {
        HostCapabilities host = HostCapabilities.probe();

        assertThat(host.capabilities())
                .extracting(Capability::name)
                .containsExactly(
                        "memfd",
                        "userfaultfd",
                        "minor-faults-shmem",
                        "minor-faults-hugetlb",
                        "write-protect-async",
                        "adopt",
                        "pagemap-scan",
                        "frame-numbers",
                        "vmsplice-gift",
                        "gifted-pages-move",
                        "pipe-size",
                        "process-vm-readv",
                        "huge-pages",
                        "idle-priority",
                        "fuse");
        assertThat(host.mechanisms())
                .extracting(Capability::name)
                .containsExactly("flip", "gift", "stream", "pull", "fuse");
        assertThat(Stream.concat(host.capabilities().stream(), host.mechanisms().stream()))
                .allSatisfy(c -> assertThat(c.detail()).isNotBlank().isNotEqualTo("null"));
    }

    @Test
    void givesTheSameAnswersAgain() {
        assertThat(HostCapabilities.probe()).isEqualTo(HostCapabilities.probe());
    }

    @Test
    void leavesNothingBehind() throws IOException {
        HostCapabilities.probe(); // loads classes, and with them their files
        long descriptors = openDescriptors();
        for (int i = 0; i < 20; i++) {
            HostCapabilities.probe();
        }
        assertThat(openDescriptors()).isEqualTo(descriptors);
        assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain(MemFd.NAME_PREFIX);
    }

    @Test
    void minorFaultsNeedTheFeatureThatTheKernelAnnounces() throws IOException {
        long features;
        try (Userfaultfd uffd = Userfaultfd.open(0)) {
            features = uffd.features();
        }
        assertThat(HostCapabilities.probeFlip(false).available())
                .isEqualTo((features & Userfaultfd.FEATURE_MINOR_SHMEM) != 0);
        assertThat(available("write-protect-async")).isEqualTo((features & Userfaultfd.FEATURE_WP_ASYNC) != 0);
        assertThat(available("adopt")).isEqualTo((features & Userfaultfd.FEATURE_WP_UNPOPULATED) != 0);
    }

    @Test
    void flipOverHugePagesNeedsAFreeOne() throws IOException {
        assumeTrue(HostCapabilities.probeFlip(false).available(), "flip cannot run at all");
        try (HugePages asTheyAre = HugePages.reserve(0)) {
            assertThat(asTheyAre).isNotNull();
            boolean free = MemoryLimits.freeHugePages() > 0;
            assertThat(HostCapabilities.probeFlip(true).available()).isEqualTo(free);
            assertThat(available("huge-pages")).isEqualTo(free);
        }
    }

    @Test
    void bothKindsOfEvidenceAgreeOnGiftedPages() throws IOException {
        assumeTrue(HostCapabilities.frameNumbersVisible(), "frame numbers are hidden from this user");

        GiftProbe byFrames = GiftProbe.run(true);
        GiftProbe byZeros = GiftProbe.run(false);

        assertThat(byFrames.byFrameNumbers()).isTrue();
        assertThat(byZeros.byFrameNumbers()).isFalse();
        assertThat(byZeros.outcome()).isEqualTo(byFrames.outcome());
    }

    @Test
    void readsTheWholeOfTheLargestPipeSize() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/sys/fs/pipe-max-size"));

        assertThat(Pipe.maxSize()).hasToString(lines.get(0));
    }

    private static boolean available(String name) {
        return HostCapabilities.probe().capabilities().stream()
                .anyMatch(c -> c.name().equals(name) && c.available());
    }

    private static long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.count();
        }
    }
}
