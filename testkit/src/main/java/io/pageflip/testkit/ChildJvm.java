package io.pageflip.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Another process that runs a main class of the tests. The test and the process exchange lines. Killed when closed. */
public final class ChildJvm implements AutoCloseable {
    private static final String END = "\0end of the output";

    /** One class of each class path entry, beside the tests' own, that main classes of the tests need. */
    private static final List<String> USED = List.of("io.pageflip.os.Mapping", "com.sun.jna.Native");

    private final @Nullable PublicFolder classes;
    private final Process process;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    private final Thread errorReader;

    private ChildJvm(List<String> command, @Nullable PublicFolder classes) throws IOException {
        this.classes = classes;
        this.process = new ProcessBuilder(command).start();
        reader(process.getInputStream(), lines::add, () -> lines.add(END));
        this.errorReader = reader(process.getErrorStream(), errors::add, () -> {});
    }

    /** Starts {@code main} as the user that runs the tests. */
    public static ChildJvm start(Class<?> main, String... arguments) throws IOException {
        return new ChildJvm(java(places(main), main, arguments), null);
    }

    /** As {@link #start}, without privilege ({@link OrdinaryUser}), from copies of the classes. */
    public static ChildJvm startUnprivileged(Class<?> main, String... arguments) throws IOException {
        PublicFolder classes = PublicFolder.create("classes");
        List<String> classPath = new ArrayList<>();
        for (String place : places(main)) {
            Path copy = classes.path().resolve(Integer.toString(classPath.size()));
            PublicFolder.copy(Path.of(place), copy);
            classPath.add(copy.toString());
        }
        return new ChildJvm(OrdinaryUser.command(java(classPath, main, arguments)), classes);
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private static List<String> java(List<String> classPath, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java().toString()));
        command.addAll(List.of("-Xmx64m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(List.of("-cp", String.join(":", classPath), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** The class path entries that a main class of the tests, and the classes that it uses, were loaded from. */
    private static List<String> places(Class<?> main) {
        List<String> places = new ArrayList<>(List.of(place(main), place(ChildJvm.class)));
        try {
            for (String used : USED) {
                places.add(place(Class.forName(used, false, main.getClassLoader())));
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
        return places;
    }

    /** Where a class was loaded from. Unlike the class path property, this is the same under every test runner. */
    private static String place(Class<?> loaded) {
        CodeSource source = loaded.getProtectionDomain().getCodeSource();
        return Path.of(URI.create(source.getLocation().toString())).toString();
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
            String line = lines.poll(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (line == null || line.equals(END)) {
                String what = line == null ? "said nothing for " + Waiting.LIMIT : "ended its output";
                throw new AssertionError("the child " + what + "; its standard error:\n" + errorText());
            }
            return line;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for a child", e);
        }
    }

    /** Waits for the next line, which must be {@code expected}. */
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

    /** Waits for its end, and returns the exit code. */
    public int awaitExit() {
        return Waiting.exitCode("the child", process);
    }

    /** All of its standard error, once it has ended. */
    public String errors() {
        awaitExit();
        try {
            errorReader.join(Waiting.LIMIT.toMillis());
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
        if (classes != null) {
            classes.close();
        }
    }
}
