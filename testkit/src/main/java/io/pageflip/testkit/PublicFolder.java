package io.pageflip.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder for temporary files that every user may read, and which is removed with all its content when it is closed.
 * Tests that run something as an {@link OrdinaryUser} copy that here, because the checkout may lie where only root can
 * go.
 */
public final class PublicFolder implements AutoCloseable {
    private final Path path;

    private PublicFolder(Path path) {
        this.path = path;
    }

    /** Makes a new folder, below the folder of this JVM for temporary files. */
    public static PublicFolder create(String prefix) throws IOException {
        return new PublicFolder(readable(Files.createTempDirectory(prefix), true));
    }

    /** Makes a folder that is removed when this JVM ends. */
    public static PublicFolder untilExit(String prefix) throws IOException {
        PublicFolder folder = create(prefix);
        Runtime.getRuntime().addShutdownHook(new Thread(folder::close, "remove " + prefix));
        return folder;
    }

    /** The path of the folder. */
    public Path path() {
        return path;
    }

    /** Makes a folder in it, into which everybody may write. */
    public Path writable(String name) throws IOException {
        Path made = Files.createDirectory(path.resolve(name));
        return Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    /** Makes a folder in it. */
    public Path folder(String name) throws IOException {
        return readable(Files.createDirectory(path.resolve(name)), true);
    }

    /**
     * Copies a file, or a folder with all its content. Everybody may read the copy, and execute what can be executed.
     */
    public static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                readable(copy, Files.isDirectory(file) || Files.isExecutable(file));
            }
        }
    }

    private static Path readable(Path path, boolean executable) throws IOException {
        String rights = executable ? "rwxr-xr-x" : "rw-r--r--";
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(rights));
    }

    /** Removes the folder. */
    @Override
    public void close() {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
