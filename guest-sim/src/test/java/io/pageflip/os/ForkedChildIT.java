package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.testkit.Tasks;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A child that has this process's pages: the kernel's own counts say so. */
final class ForkedChildIT {
    private static final int PAGES = 16;

    @Test
    void itHasWhatItIsGivenUntilItIsWritten() throws IOException {
        try (Mapping mapping = Mapping.anonymous("ram", PAGES * Samples.PAGE);
                FrameCounts counts = FrameCounts.open()) {
            assumeTrue(counts != null, "the kernel's counts are hidden");
            Samples.number(mapping, 1);
            mapping.forked(0, mapping.length(), false);
            mapping.forked(4 * Samples.PAGE, 8 * Samples.PAGE, true);

            try (ForkedChild child = ForkedChild.start()) {
                mapping.forked(0, mapping.length(), true);
                assertThat(counts(counts, mapping))
                        .containsExactly(1L, 1L, 1L, 1L, 2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L, 1L, 1L, 1L, 1L);
                mapping.setLong(5 * Samples.PAGE, 4711);
                assertThat(counts(counts, mapping).subList(4, 7)).containsExactly(2L, 1L, 2L);
                assertThat(child.process().isAlive()).isTrue();
            }

            assertThat(counts(counts, mapping)).containsOnly(1L);
        }
    }

    @Test
    void itIsGoneWhenItIsClosedAndAnotherCanBeForked() throws IOException {
        for (int i = 0; i < 3; i++) {
            ForkedChild child = ForkedChild.start();
            Path process = Path.of("/proc", Long.toString(child.process().pid()));
            assertThat(process).exists();

            child.close();

            assertThat(process).doesNotExist();
        }
    }

    @Test
    void itEndsWithTheThreadThatStartedIt() throws Exception {
        AtomicReference<ForkedChild> started = new AtomicReference<>();
        Tasks.start("parent", () -> {
                    started.set(ForkedChild.start());
                    return true;
                })
                .await();
        Path stat = Path.of("/proc", Long.toString(started.get().process().pid()), "stat");

        // Its parent is alive, and has not waited for it yet: a zombie.
        Waiting.until("the end of " + stat, () -> Files.readString(stat).contains(") Z "));
    }

    private static List<Long> counts(FrameCounts counts, Mapping mapping) throws IOException {
        return Samples.entries(mapping, PAGES).stream()
                .map(Pagemap::frame)
                .map(frame -> {
                    try {
                        return counts.of(frame);
                    } catch (SyscallException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toList();
    }
}
