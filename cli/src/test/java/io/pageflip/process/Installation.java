package io.pageflip.process;

import io.pageflip.testkit.PublicFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The launcher and the jar as the tests run them: a copy that every user can read, wherever the checkout lies. One for
 * all tests, removed when their JVM ends.
 */
final class Installation {
    /** The launcher of the checkout itself. */
    static final Path CHECKOUT = Path.of("bin/pageflip").toAbsolutePath();

    private static final Path JAR = Path.of("target/pageflip.jar").toAbsolutePath();
    private static final Path LIBRARIES = Path.of("target/native").toAbsolutePath();
    private static final Path LAUNCHER = install();

    private Installation() {}

    /** The launcher, which any user can run. */
    static Path launcher() {
        return LAUNCHER;
    }

    private static Path install() {
        if (!Files.isReadable(JAR)) {
            throw new IllegalStateException(JAR + " is not there: run `make` first.");
        }
        try {
            PublicFolder folder = PublicFolder.untilExit("pfi");
            Path launcher = folder.folder("bin").resolve(CHECKOUT.getFileName());
            PublicFolder.copy(CHECKOUT, launcher);
            Path target = folder.folder("target");
            PublicFolder.copy(JAR, target.resolve(JAR.getFileName()));
            PublicFolder.copy(LIBRARIES, target.resolve(LIBRARIES.getFileName()));
            return launcher;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
