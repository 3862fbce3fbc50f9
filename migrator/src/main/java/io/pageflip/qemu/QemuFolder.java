package io.pageflip.qemu;

import io.pageflip.migration.Migration;
import io.pageflip.os.HostLacksException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the sockets and files of one migration. Closing it removes all that is in it. */
final class QemuFolder implements AutoCloseable {
    /** The path of a socket has less than 108 bytes, and no comma in an option of QEMU. */
    private static final int LONGEST = 70;

    private final Path folder;

    private QemuFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes one in the first folder for temporary files where that can be done.
     *
     * @throws HostLacksException if there is no such folder
     */
    static QemuFolder create() throws HostLacksException {
        List<String> folders = Migration.temporaryFolders();
        for (String candidate : folders) {
            if (candidate.length() <= LONGEST && !candidate.contains(",")) {
                try {
                    return new QemuFolder(Files.createTempDirectory(Path.of(candidate), "pageflip-"));
                } catch (IOException e) {
                    // Perhaps in the next one.
                }
            }
        }
        throw new HostLacksException("no folder for the sockets of QEMU can be made in " + String.join(", ", folders));
    }

    /** A path in it. */
    Path path(String name) {
        return folder.resolve(name);
    }

    @Override
    public void close() {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("pageflip: " + folder + " could not be removed: " + e.getMessage());
        }
    }
}
