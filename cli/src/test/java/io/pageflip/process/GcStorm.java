package io.pageflip.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A Java agent that has its JVM collect garbage all the time, from the moment at which a guest's memory is there:
 * before, there is nothing that could trap. No other class of the tests is there: see {@link JavaAgentJar}.
 */
public final class GcStorm {
    private static final long PAUSE_NS = 1_000_000;
    private static final int MANY = 10;

    private GcStorm() {}

    /**
     * Called by the JVM before {@code main}.
     *
     * @param folder where a file shall tell that garbage was collected many times
     */
    public static void premain(String folder) {
        if (!System.getProperty("sun.java.command", "").contains(" agent ")) {
            return; // no agent, but whoever starts them
        }
        Thread storm = new Thread(() -> rage(Path.of(folder)), "gc storm");
        storm.setDaemon(true);
        storm.start();
    }

    private static void rage(Path folder) {
        try {
            while (!hasGuestMemory()) {
                LockSupport.parkNanos(PAUSE_NS);
            }
            for (int i = 1; ; i++) {
                System.gc();
                if (i == MANY) {
                    Files.createFile(
                            folder.resolve(Long.toString(ProcessHandle.current().pid())));
                }
                LockSupport.parkNanos(PAUSE_NS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean hasGuestMemory() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.anyMatch(GcStorm::isGuestMemory);
        }
    }

    private static boolean isGuestMemory(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("/memfd:pageflip:");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    /** How many agents have told so in a folder. */
    static long raged(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count();
        }
    }
}
