package io.pageflip.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** A Java agent that throws an {@link Error} on a thread of its own when a file appears. See {@link JavaAgentJar}. */
public final class StrayError {
    private static final long PAUSE_NS = 1_000_000;

    private StrayError() {}

    /**
     * Called by the JVM before {@code main}.
     *
     * @param sign the path of the file
     */
    public static void premain(String sign) {
        Thread thread = new Thread(() -> failWhenThereIs(Path.of(sign)), "stray error");
        thread.setDaemon(true);
        thread.start();
    }

    private static void failWhenThereIs(Path sign) {
        while (!Files.exists(sign)) {
            LockSupport.parkNanos(PAUSE_NS);
        }
        throw new InternalError("a stray error");
    }
}
