package io.pageflip.process;

import io.pageflip.testkit.PublicFolder;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The classes of an agent, as the JVM maps them instead of reading the jar: most processes of the tests do little else.
 */
final class ClassArchive {
    private static final String OPTION = make();

    private ClassArchive() {}

    /** The JVM's option that uses it; empty if it could not be made, which costs time and nothing else. */
    static String option() {
        return OPTION;
    }

    /** By one migration through a shell pipe, whose destination writes it as it ends. */
    private static String make() {
        try {
            Path folder = PublicFolder.untilExit("pfa").path();
            Path archive = folder.resolve("agent.jsa");
            ProcessBuilder builder = new ProcessBuilder(
                            "sh",
                            "-c",
                            "\"$0\" source --quiet --ram 1M | PAGEFLIP_JAVA_OPTS=\"-XX:ArchiveClassesAtExit=$1\""
                                    + " \"$0\" destination --run-after 0",
                            Pageflip.launcher().toString(),
                            archive.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("said").toFile());
            builder.environment().put("XDG_CACHE_HOME", folder.toString());
            String option = "-XX:SharedArchiveFile=" + archive;
            boolean made = succeeds(builder) && Files.isRegularFile(archive);
            return made && isUsedInSilence(option, folder.resolve("complaints")) ? option : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static boolean succeeds(ProcessBuilder builder) throws IOException, InterruptedException {
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        return process.waitFor(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    /** JDK 25 complains, in each process, of --enable-native-access, which its own archive was made without. */
    private static boolean isUsedInSilence(String option, Path complaints) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(Pageflip.launcher().toString(), "--version")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(complaints.toFile());
        builder.environment().put("PAGEFLIP_JAVA_OPTS", option);
        return succeeds(builder) && Files.size(complaints) == 0;
    }
}
