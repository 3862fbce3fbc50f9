package io.pageflip.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** A Java agent that has its JVM collect garbage all the time. It is packed into a jar by the test that uses it. */
public final class GcStorm {
    private static final String ENTRY = GcStorm.class.getName().replace('.', '/') + ".class";

    private static final long PAUSE_NS = 1_000_000;

    private GcStorm() {}

    /** Called by the JVM before {@code main}. */
    public static void premain(String arguments) {
        if (!System.getProperty("sun.java.command", "").contains(" --supervised")) {
            return; // no agent, but whoever starts them
        }
        Thread storm = new Thread(
                () -> {
                    while (true) {
                        System.gc();
                        LockSupport.parkNanos(PAUSE_NS);
                    }
                },
                "gc storm");
        storm.setDaemon(true);
        storm.start();
    }

    /** Writes the agent's jar. */
    static Path packTo(Path jar) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", GcStorm.class.getName());
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file, manifest)) {
            out.putNextEntry(new JarEntry(ENTRY));
            out.write(classFile());
            out.closeEntry();
        }
        return jar;
    }

    private static byte[] classFile() {
        try (InputStream in = GcStorm.class.getClassLoader().getResourceAsStream(ENTRY)) {
            if (in == null) {
                throw new IllegalStateException(ENTRY + " is not on the class path");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
