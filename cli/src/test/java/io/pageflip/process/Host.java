package io.pageflip.process;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.os.Capability;
import io.pageflip.os.DiskFile;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.testkit.OrdinaryUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What a test needs of the machine; a test that does not get it is skipped, and says why. */
final class Host {
    private static final Path DISK = Path.of("/var/tmp");

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
}
