package io.pageflip.qemu;

import io.pageflip.memory.Quantity;
import io.pageflip.os.ChildProcess;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.TemporaryFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder for the sockets and files of one migration. Closing it removes all that is in it. If this process is killed,
 * a small process of its own removes it: QEMU of each version and in each mode needs sockets or files with names.
 */
final class QemuFolder implements AutoCloseable {
    /** The path of a socket has less than 108 bytes, and no comma in an option of QEMU. */
    private static final int LONGEST = 70;

    private static final Path SETSID = Path.of("/usr/bin/setsid");

    /**
     * Waits for the end of its input, which ends with whoever has the other end, and removes a folder. That it is empty
     * may take a moment: a QEMU that is just being killed may still make a file.
     */
    private static final String REMOVE = "trap '' HUP INT TERM; read -r _; "
            + "for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- \"$1\" && break; sleep 0.2; done";

    private final Path folder;
    private final Process remover;

    private QemuFolder(Path folder, Process remover) {
        this.folder = folder;
        this.remover = remover;
    }

    /**
     * Makes one in the first folder for temporary files where that can be done.
     *
     * @param bytes that must be free there
     * @throws HostLacksException if there is no such folder
     */
    static QemuFolder create(long bytes) throws HostLacksException {
        String what = "folder for the sockets of QEMU"
                + (bytes == 0 ? "" : ", with " + Quantity.format(bytes) + " for its files,");
        return TemporaryFolders.makeInFirst(what, parent -> createIn(parent, bytes));
    }

    private static QemuFolder createIn(Path parent, long bytes) throws IOException {
        if (Files.getFileStore(parent).getUsableSpace() < bytes) {
            throw new IOException(parent + " has no room for " + bytes + " bytes");
        }
        String path = parent.toString();
        if (path.length() > LONGEST || path.contains(",")) {
            throw new IOException(path + " is too long for a socket in it, or has a comma");
        }
        Path folder = Files.createTempDirectory(parent, "pageflip-");
        try {
            return new QemuFolder(folder, startRemover(folder));
        } catch (IOException e) {
            Files.delete(folder);
            throw e;
        }
    }

    private static Process startRemover(Path folder) throws IOException {
        List<String> line = new ArrayList<>();
        if (Files.isExecutable(SETSID)) {
            line.add(SETSID.toString()); // who kills a whole group of processes does not mean this one
        }
        line.addAll(List.of("/bin/sh", "-c", REMOVE, "pageflip-remover", folder.toString()));
        return ChildProcess.start(new ProcessBuilder(line)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD));
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
        } catch (NoSuchFileException e) {
            // Somebody else has removed it.
        } catch (IOException | UncheckedIOException e) {
            System.err.println("pageflip: " + folder + " could not be removed: " + e.getMessage());
        } finally {
            endRemover();
        }
    }

    private void endRemover() {
        try {
            remover.getOutputStream().close();
        } catch (IOException e) {
            remover.destroy();
        }
    }
}
