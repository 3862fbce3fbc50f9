package io.pageflip.testkit;

import com.sun.jna.Native;
import io.pageflip.os.Mapping;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Another process that runs a main class of the tests, and is spoken to in lines. Killed when closed. */
public final class ChildJvm implements AutoCloseable {
    private static final long DEADLINE_S = 30;
    private static final String END = "\0end of the output";

    private final Process process;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    private final Thread errorReader;

    private ChildJvm(List<String> command) throws IOException {
        this.process = new ProcessBuilder(command).start();
        reader(process.getInputStream(), lines::add, () -> lines.add(END));
        this.errorReader = reader(process.getErrorStream(), errors::add, () -> {});
    }

    /** Starts {@code main} as the user that runs the tests. */
    public static ChildJvm start(Class<?> main, String... arguments) throws IOException {
        return new ChildJvm(java(List.of(place(main), place(Mapping.class), place(Native.class)), main, arguments));
    }

    /** Starts {@code main} as a user without any privilege; the test must run as root, with setpriv(1) at hand. */
    public static ChildJvm startUnprivileged(Path copyOfClasses, Class<?> main, String... arguments)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"));
        List<String> classPath = new ArrayList<>();
        for (Class<?> owner : List.of(main, Mapping.class, Native.class)) {
            Path copy = copyOfClasses.resolve(Integer.toString(classPath.size()));
            copyReadable(Path.of(place(owner)), copy);
            classPath.add(copy.toString());
        }
        makeReadable(copyOfClasses);
        command.addAll(java(classPath, main, arguments));
        return new ChildJvm(command);
    }

    /** Whether {@link #startUnprivileged} can work here; otherwise why not. */
    public static String whyNotUnprivileged() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return "not run by root, so all of these tests run without privilege anyway";
        }
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, "setpriv"))) {
                return "";
            }
        }
        return "setpriv is not installed";
    }

    private static List<String> java(List<String> classPath, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(List.of("-cp", String.join(":", classPath), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Where a class was loaded from: unlike the class path property, the same under every test runner. */
    private static String place(Class<?> loaded) {
        CodeSource source = loaded.getProtectionDomain().getCodeSource();
        return Path.of(source.getLocation().getPath()).toString();
    }

    private static void copyReadable(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                makeReadable(copy);
            }
        }
    }

    private static void makeReadable(Path path) throws IOException {
        String rights = Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--";
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(rights));
    }

    private static Thread reader(InputStream from, java.util.function.Consumer<String> line, Runnable end) {
        Thread thread = new Thread(
                () -> {
                    try (BufferedReader in = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                        for (String text = in.readLine(); text != null; text = in.readLine()) {
                            line.accept(text);
                        }
                    } catch (IOException e) {
                        line.accept("reading the child's output: " + e);
                    } finally {
                        end.run();
                    }
                },
                "child-output");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    public int pid() {
        return Math.toIntExact(process.pid());
    }

    /** The next line of its standard output. */
    public String line() {
        try {
            String line = lines.poll(DEADLINE_S, TimeUnit.SECONDS);
            if (line == null || line.equals(END)) {
                String what = line == null ? "said nothing for " + DEADLINE_S + " s" : "ended its output";
                throw new AssertionError("the child " + what + "; its standard error:\n" + errorText());
            }
            return line;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for a child", e);
        }
    }

    /** Waits until it says exactly {@code expected}. */
    public void expect(String expected) {
        String line = line();
        if (!line.equals(expected)) {
            throw new AssertionError(
                    "the child said \"" + line + "\", not \"" + expected + "\"; its standard error:\n" + errorText());
        }
    }

    /** Writes a line to its standard input. */
    public void tell(String line) {
        try {
            OutputStream input = process.getOutputStream();
            input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("telling the child; its standard error:\n" + errorText(), e);
        }
    }

    /** Kills it ({@code SIGKILL}) and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Waits for its end: the exit code. */
    public int awaitExit() {
        try {
            if (!process.waitFor(DEADLINE_S, TimeUnit.SECONDS)) {
                throw new AssertionError("the child has not ended within " + DEADLINE_S + " s");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for a child", e);
        }
    }

    /** All of its standard error, once it has ended. */
    public String errors() {
        awaitExit();
        try {
            errorReader.join(TimeUnit.SECONDS.toMillis(DEADLINE_S));
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for a child", e);
        }
        return errorText();
    }

    private String errorText() {
        return String.join("\n", errors);
    }

    @Override
    public void close() {
        kill();
    }
}
