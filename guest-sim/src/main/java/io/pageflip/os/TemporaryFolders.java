package io.pageflip.os;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where temporary files and sockets may be made. Any thread may call it. */
public final class TemporaryFolders {
    private TemporaryFolders() {}

    /** Makes something in a folder. */
    @FunctionalInterface
    public interface Maker<T> {
        /**
         * Makes it.
         *
         * @throws IOException if it cannot be made there
         */
        T make(Path folder) throws IOException;
    }

    /** The folders, the best first; some may be missing, or read-only. */
    private static List<String> all() {
        return Stream.of(System.getProperty("java.io.tmpdir"), System.getenv("XDG_RUNTIME_DIR"), "/dev/shm", "/var/tmp")
                .filter(folder -> folder != null && !folder.isEmpty())
                .distinct()
                .toList();
    }

    /**
     * Makes something in the first folder where that can be done.
     *
     * @param what it is, in words
     * @throws HostLacksException if there is no such folder
     */
    public static <T> T makeInFirst(String what, Maker<T> maker) throws HostLacksException {
        for (String folder : all()) {
            try {
                return maker.make(Path.of(folder));
            } catch (IOException e) {
                // Perhaps in the next one.
            }
        }
        throw new HostLacksException("no " + what + " can be made in " + String.join(", ", all())
                + "; name another folder with PAGEFLIP_JAVA_OPTS=-Djava.io.tmpdir=FOLDER");
    }
}
