package io.pageflip.process;

import io.pageflip.testkit.PublicFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
    private static final Path ARCHIVE_CLASSES =
            Path.of("src/build/archive-classes").toAbsolutePath();
    private static final Path LAUNCHER = install();

    private Installation() {}

    /** The launcher, which any user can run. */
    static Path launcher() {
        return LAUNCHER;
    }

    /** The JVM's option with which agents, too, use the archive of classes: they start sooner. */
    static String archiveOption() {
        return "-XX:SharedArchiveFile="
                + archive(LAUNCHER.resolveSibling("../target").normalize());
    }

    private static Path archive(Path target) {
        return target.resolve("classes-" + System.getProperty("java.version") + ".jsa");
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
            archiveClasses(launcher, target);
            return launcher;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** As the build does. The archive of the checkout fits the jar of the checkout alone. */
    private static void archiveClasses(Path launcher, Path target) throws IOException, InterruptedException {
        Path archive = archive(target);
        ProcessBuilder builder = new ProcessBuilder(ARCHIVE_CLASSES.toString(), launcher.toString(), archive.toString())
                .redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0 || !said.isEmpty()) {
            throw new IllegalStateException(said);
        }
    }
}
