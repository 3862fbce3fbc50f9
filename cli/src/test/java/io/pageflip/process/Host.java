package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.os.Capability;
import io.pageflip.os.DiskFile;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemoryLimits;
import io.pageflip.testkit.OrdinaryUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What a test needs of the machine; a test that does not get it is skipped, and says why. */
final class Host {
    private static final Path DISK = Path.of("/var/tmp");
    private static final Path HUGE_PAGES = Path.of("/proc/sys/vm/nr_hugepages");

    private Host() {}

    /** Skips the test, and says why where whoever runs the tests sees it, unless the machine has what it needs. */
    static void need(boolean met, String cause) {
        if (!met) {
            System.err.println("skipped: " + cause);
        }
        assumeTrue(met, cause);
    }

    static boolean isRoot() {
        return OrdinaryUser.isRoot();
    }

    /** The command, run as a user without any privilege; by that user himself, if that is who runs the tests. */
    static List<String> asOrdinaryUser(String... command) {
        need(OrdinaryUser.whyNot().isEmpty(), OrdinaryUser.whyNot());
        Path launcher = Pageflip.launcher();
        need(OrdinaryUser.canExecute(launcher), "an ordinary user may not execute " + launcher);
        return OrdinaryUser.command(Arrays.asList(command));
    }

    /** A directory on a disk; skips the test where there is none, or this user has no FUSE. */
    static Path fuseDirectory() throws IOException {
        Capability fuse = HostCapabilities.probeFuse();
        need(fuse.available(), fuse.detail());
        try {
            DiskFile.create(DISK, "check", 1 << 20).close();
        } catch (HostLacksException e) {
            need(false, e.getMessage());
        }
        return DISK;
    }

    static boolean has(String command) {
        return Arrays.stream(System.getenv("PATH").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    }

    /** Huge pages that are there while it is open. */
    record HugePages(String before, long free) implements AutoCloseable {

        /** Reserves so many more; skips the test where that cannot be. */
        static HugePages reserve(int count) throws IOException {
            need(isRoot(), "only root can reserve huge pages");
            String before = Files.readString(HUGE_PAGES).trim();
            long wanted = Long.parseLong(before) + count;
            Files.writeString(HUGE_PAGES, Long.toString(wanted));
            long free = MemoryLimits.freeHugePages();
            if (free < count) {
                Files.writeString(HUGE_PAGES, before);
                need(false, "this kernel finds no " + count + " huge pages");
            }
            return new HugePages(before, free);
        }

        /** Gives them back, all of which must be free again. */
        @Override
        public void close() throws IOException {
            long left = MemoryLimits.freeHugePages();
            Files.writeString(HUGE_PAGES, before);
            assertThat(left).as("free huge pages").isEqualTo(free);
            assertThat(Files.readString(HUGE_PAGES).trim()).isEqualTo(before);
        }
    }
}
