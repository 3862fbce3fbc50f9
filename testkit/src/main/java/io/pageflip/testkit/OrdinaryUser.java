package io.pageflip.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A user without any privilege. Root runs commands as user 65534; any other user that runs the tests has no privilege
 * already. The user need not be able to read the checkout, which may lie in root's home: a test copies the files to run
 * into a {@link PublicFolder} first.
 */
public final class OrdinaryUser {
    private static final List<String> BECOME =
            List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");

    private OrdinaryUser() {}

    /** Whether root runs the tests, so that {@link #command} changes the user. */
    public static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Why {@link #command} cannot work here, with this JVM's Java; empty if it can. */
    public static String whyNot() {
        if (!isRoot()) {
            return "";
        }
        try {
            if (!succeeds(List.of("true"))) {
                return "this root may not become another user";
            }
        } catch (IOException e) {
            return "only with setpriv(1) can root become another user (" + e.getMessage() + ")";
        }
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return canExecute(java) ? "" : "an ordinary user may not execute " + java;
    }

    /** The command line that runs {@code command} without privilege. */
    public static List<String> command(List<String> command) {
        List<String> line = new ArrayList<>(isRoot() ? BECOME : List.of());
        line.addAll(command);
        return line;
    }

    /** Whether that user can execute a file, by its whole path. */
    public static boolean canExecute(Path file) {
        try {
            return succeeds(List.of("test", "-x", file.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean succeeds(List<String> command) throws IOException {
        return Waiting.exitCode("" + command, new ProcessBuilder(command(command)).start()) == 0;
    }
}
