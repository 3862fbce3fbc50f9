package io.pageflip.os;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The command line that starts another process of pageflip: the Java that runs us, our class path, and the options that
 * we need. The process writes to {@link ProcessOutput}.
 */
public final class JavaProcess {
    /**
     * The system property with the number of the descriptor that is our standard output. Descriptor 1 is standard error
     * there: whatever the JVM itself and its agents print goes to it. Without this property, descriptor 1 is what it is
     * everywhere.
     */
    static final String OUTPUT = "pageflip.output";

    /** The system property with the path of an archive of classes for this JVM and class path; absent without one. */
    private static final String ARCHIVE = "pageflip.archive";

    /** As in the launcher {@code cli/bin/pageflip}, where they are explained. */
    private static final List<String> OPTIONS = List.of(
            "-Xms16m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=CompileThresholdScaling,io.pageflip.*::*,0.05",
            "-Xshare:auto",
            "-XX:-UsePerfData",
            "-Xlog:disable",
            "--enable-native-access=ALL-UNNAMED",
            "-D" + OUTPUT + "=9");

    /** Where the native libraries lie; passed on. */
    private static final List<String> LIBRARIES = List.of("java.library.path", "jna.boot.library.path");

    private static final int HEAP_MIB = 64;

    private JavaProcess() {}

    /** As below, for a process that accounts for no pages. */
    public static List<String> command(String mainClass) {
        return command(mainClass, 0);
    }

    /**
     * The command line up to and including the main class; a new list, which the caller may change.
     *
     * @param accountsBytes of the heap that the process needs for accounts of pages
     */
    public static List<String> command(String mainClass, long accountsBytes) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "exec \"$0\" \"$@\" 9>&1 1>&2"));
        command.add(System.getProperty("java.home") + "/bin/java");
        command.add("-Xmx" + (HEAP_MIB + (accountsBytes >> 20)) + "m");
        command.addAll(OPTIONS);
        String archive = System.getProperty(ARCHIVE);
        if (archive != null) {
            command.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-D" + ARCHIVE + "=" + archive));
        }
        for (String library : LIBRARIES) {
            String folders = System.getProperty(library);
            if (folders != null) {
                command.add("-D" + library + "=" + folders);
            }
        }
        String more = System.getenv("PAGEFLIP_JAVA_OPTS");
        if (more != null && !more.isBlank()) {
            command.addAll(Arrays.asList(more.trim().split("\\s+", -1)));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        return command;
    }
}
