package io.pageflip.os;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The command line that starts another process of pageflip: the Java that runs us, our class path, and the options that
 * we need.
 */
public final class JavaProcess {
    /** As in the launcher {@code cli/bin/pageflip}, where they are explained. */
    private static final List<String> OPTIONS = List.of(
            "-Xms16m",
            "-Xmx64m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-XX:-UsePerfData",
            "-Xlog:disable",
            "-Xlog:all=warning:stderr",
            "--enable-native-access=ALL-UNNAMED");

    private JavaProcess() {}

    /** The command line up to and including the main class; a new list, which the caller may change. */
    public static List<String> command(String mainClass) {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + "/bin/java");
        command.addAll(OPTIONS);
        String more = System.getenv("PAGEFLIP_JAVA_OPTS");
        if (more != null && !more.isBlank()) {
            command.addAll(Arrays.asList(more.trim().split("\\s+", -1)));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        return command;
    }
}
