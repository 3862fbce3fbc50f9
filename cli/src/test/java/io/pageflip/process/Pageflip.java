package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.cli.AgentHere;
import io.pageflip.testkit.PublicFolder;
import io.pageflip.testkit.Waiting;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.MultipleFailuresError;

/**
 * Runs {@code cli/bin/pageflip} as a user does. Every test has a folder of its own for temporary files, by whose name
 * its processes are recognised, however they were started and whoever their parent is by now. After the test nothing
 * may be left: no process and no file.
 */
final class Pageflip implements BeforeEachCallback, AfterEachCallback {
    /** A guest that is small and does not run long afterwards. */
    static final List<String> SMALL = List.of("--ram", "16M", "--run-after", "0.05");

    /** The commands that start or are agents, which warm up before a guest is paused. */
    private static final Set<String> MIGRATING = Set.of("source", "destination", "migrate", "compare");

    /** What makes a migration between new JVMs quick: a warm-up that is good enough where nothing is measured. */
    private static final String BRIEF = "--warm-up=brief";

    /** In a shell's script. */
    private static final Pattern MIGRATING_IN_SCRIPT =
            Pattern.compile("(\"\\$PAGEFLIP\" (?:" + String.join("|", MIGRATING) + "))\\b");

    private final boolean asUsersDo;
    private final Map<String, String> environment = new HashMap<>();
    private final List<Run> runs = new ArrayList<>();
    private @Nullable AgentHere here;
    private @Nullable PublicFolder folder;
    private Path temporary = Path.of("/");

    /** Quicker than a user's, by a brief warm-up, and classes out of an archive. For tests that measure nothing. */
    Pageflip() {
        this(false);
    }

    private Pageflip(boolean asUsersDo) {
        this.asUsersDo = asUsersDo;
    }

    /** As it is for a user, in every respect. */
    static Pageflip asUsersDo() {
        return new Pageflip(true);
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        folder = PublicFolder.create("pft");
        temporary = folder.writable("tmp");
        environment.clear();
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        // Where JNA unpacks its library.
        environment.put("XDG_CACHE_HOME", folder.writable("cache").toString());
        if (asUsersDo) {
            javaOptions();
        } else {
            javaOptions(Installation.archiveOption());
        }
    }

    /** Further options of every JVM that is started from now on. */
    void javaOptions(String... options) {
        environment.put(
                "PAGEFLIP_JAVA_OPTS", ("-Djava.io.tmpdir=" + temporary + " " + String.join(" ", options)).trim());
    }

    /** Sets a variable of the environment of every process that is started from now on. */
    void environment(String name, String value) {
        environment.put(name, value);
    }

    /** Has garbage collected all the time in every agent that {@code migrate} starts from now on. */
    void gcStorms() throws IOException {
        Path folder = Files.createDirectory(path("storms"));
        javaOptions("-javaagent:" + JavaAgentJar.pack(GcStorm.class, path("storm.jar")) + "=" + folder, "-Xmn1m");
    }

    /** In how many agents it has been. */
    long gcStormsSeen() throws IOException {
        return GcStorm.raged(path("storms"));
    }

    /** The Java that the launcher is to use from now on. */
    void javaHome(Path home) {
        environment.put("JAVA_HOME", home.toString());
    }

    /** The path of the launcher, which any user can run. */
    static Path launcher() {
        return Installation.launcher();
    }

    /** A path for a socket or a file of the test's own; removed after it. */
    Path path(String name) {
        return Objects.requireNonNull(folder).path().resolve(name);
    }

    /** Where the processes put their temporary files. */
    Path temporary() {
        return temporary;
    }

    /** Starts {@code pageflip} with its standard input closed. */
    Run start(String... arguments) throws IOException {
        return start(Arrays.asList(arguments));
    }

    Run start(List<String> arguments, String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(launcher().toString());
        command.addAll(brief(arguments));
        command.addAll(Arrays.asList(more));
        return startCommand(command);
    }

    /** Arguments of {@code pageflip}, with those of a brief warm-up unless it is to be as users do. */
    private List<String> brief(List<String> arguments) {
        List<String> all = new ArrayList<>(arguments);
        if (!asUsersDo && !all.isEmpty() && MIGRATING.contains(all.get(0))) {
            all.add(1, BRIEF);
        }
        return all;
    }

    /** Starts any command in the same way; {@code $PAGEFLIP} is the launcher to a shell. */
    Run startCommand(List<String> command) throws IOException {
        Process process = builder(command).start();
        process.getOutputStream().close();
        return remembered(Run.of(command, process));
    }

    /** Starts a shell on a script. */
    Run shell(String script) throws IOException {
        String changed =
                asUsersDo ? script : MIGRATING_IN_SCRIPT.matcher(script).replaceAll("$1 " + BRIEF);
        return startCommand(List.of("sh", "-c", changed));
    }

    /** Starts {@code pageflip} with its standard output a pipe that the test reads. */
    Run startToBeRead(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(launcher().toString()));
        command.addAll(brief(arguments));
        Process process = builder(command).start();
        return remembered(Run.withOutputLeftAlone(command, process));
    }

    /** Starts any command with its standard input and output pipes that the test uses. */
    Run startToBeTold(List<String> command) throws IOException {
        return remembered(Run.withOutputLeftAlone(command, builder(command).start()));
    }

    private ProcessBuilder builder(List<String> command) {
        // A shell that runs the tests in the background has them ignore SIGINT, and all that they start.
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().putAll(environment);
        builder.environment().put("PAGEFLIP", launcher().toString());
        builder.directory(new File("/"));
        return builder;
    }

    private Run remembered(Run run) {
        runs.add(run);
        return run;
    }

    /** A source and a destination by hand, the latter listening already. */
    record Agents(Run source, Run destination) {}

    /** Starts both agents, as in two terminals. */
    Agents agents(List<String> sourceOptions, List<String> destinationOptions) throws IOException {
        Run destination = start(listen(destinationOptions)).awaitErr("waiting for a source");
        return new Agents(start(connect(sourceOptions)), destination);
    }

    /** One agent in the JVM of the tests, and the other one a process. */
    record Halves(AgentHere here, Run there) {}

    /** Starts both agents, the source in the JVM of the tests. */
    Halves sourceHere(List<String> sourceOptions, List<String> destinationOptions) throws IOException {
        Run destination = start(listen(destinationOptions)).awaitErr("waiting for a source");
        return new Halves(here(connect(sourceOptions)), destination);
    }

    /** Starts both agents, the destination in the JVM of the tests. */
    Halves destinationHere(List<String> sourceOptions, List<String> destinationOptions) throws IOException {
        AgentHere destination = here(listen(destinationOptions));
        Waiting.until("a destination that listens", () -> {
            assertThat(destination.hasEnded()).as("%s", destination).isFalse();
            return destination.err().contains("waiting for a source");
        });
        return new Halves(destination, start(connect(sourceOptions)));
    }

    /**
     * A migration with the options that {@code migrate} has, but from a source in the JVM of the tests to a destination
     * that is a process; a batch is the source's. Returns the source's report, which is what {@code migrate} reports.
     */
    Report migrateFromHere(List<String> options) throws IOException {
        Halves agents = sourceHere(optionsOf(true, options), optionsOf(false, options));
        agents.there().endsWith(0);
        return Report.ofAgent(agents.here().endsWith(0).out());
    }

    /** As {@link #migrateFromHere}, from a source that is a process to a destination in the JVM of the tests. */
    Report migrateToHere(List<String> options) throws IOException {
        Halves agents = destinationHere(optionsOf(true, options), optionsOf(false, options));
        agents.there().endsWith(0);
        agents.here().endsWith(0);
        return Report.ofAgent(agents.there().out());
    }

    /**
     * Those options of {@code migrate} that are the source's, or the destination's; of the form {@code --option value}.
     */
    private static List<String> optionsOf(boolean source, List<String> options) {
        List<String> chosen = new ArrayList<>(List.of("--format=json", "--run-after=0.05"));
        for (int i = 0; i < options.size(); i++) {
            String option = options.get(i);
            boolean destinations = option.equals("--prefetch") || option.equals("--no-move");
            boolean hasValue = i + 1 < options.size() && !options.get(i + 1).startsWith("--");
            if (source != destinations) {
                chosen.addAll(options.subList(i, hasValue ? i + 2 : i + 1));
            }
            i += hasValue ? 1 : 0;
        }
        return chosen;
    }

    private AgentHere here(List<String> arguments) {
        if (here != null) {
            assertThat(here.hasEnded()).as("one at a time: %s", here).isTrue();
            here.close();
        }
        AgentHere agent = AgentHere.start(brief(arguments));
        here = agent;
        return agent;
    }

    private List<String> listen(List<String> options) {
        List<String> listen = new ArrayList<>(List.of("destination", "--listen", "unix:" + path("m.sock")));
        listen.addAll(options);
        return listen;
    }

    private List<String> connect(List<String> options) {
        List<String> connect = new ArrayList<>(List.of("source", "--connect", "unix:" + path("m.sock")));
        connect.addAll(options);
        return connect;
    }

    /** Processes of this test that are alive. */
    List<ProcessHandle> alive() {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(this::isOurs).toList();
        }
    }

    private boolean isOurs(ProcessHandle process) {
        try {
            byte[] line = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
            return new String(line, StandardCharsets.UTF_8).contains(temporary.toString());
        } catch (IOException e) {
            return false; // it is gone
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        List<Throwable> failures = new ArrayList<>();
        if (here != null) {
            AgentHere agent = here;
            here = null;
            if (context.getExecutionException().isPresent()) {
                runs.forEach(run -> run.process().destroyForcibly()); // what it may wait for
            }
            check(failures, agent::close, Optional.empty());
            if (context.getExecutionException().isPresent()) {
                System.err.println(agent);
            }
        }
        check(
                failures,
                () -> Waiting.untilAsserted(
                        "end of every process",
                        () -> assertThat(alive())
                                .map(ProcessHandle::info)
                                .as("processes left behind")
                                .isEmpty()),
                context.getExecutionException());
        for (Run run : runs) {
            run.process().descendants().forEach(ProcessHandle::destroyForcibly);
            run.process().destroyForcibly();
        }
        alive().forEach(ProcessHandle::destroyForcibly);
        check(
                failures,
                () -> assertThat(filesIn(temporary))
                        .as("temporary files left behind")
                        .isEmpty(),
                Optional.empty());
        check(
                failures,
                () -> assertThat(filesIn(path("cache")))
                        .as("cached files left behind")
                        .isEmpty(),
                Optional.empty());
        if (context.getExecutionException().isPresent()) {
            runs.forEach(run -> System.err.println(run));
        }
        runs.clear();
        Objects.requireNonNull(folder).close();
        if (!failures.isEmpty() && context.getExecutionException().isEmpty()) {
            throw new MultipleFailuresError("not everything was cleaned up", failures);
        }
    }

    private interface Check {
        void run() throws IOException;
    }

    /** Runs a check; after a failed test nothing is waited for. */
    private static void check(List<Throwable> failures, Check check, Optional<Throwable> failed) {
        if (failed.isPresent()) {
            return;
        }
        try {
            check.run();
        } catch (IOException | AssertionError | org.awaitility.core.ConditionTimeoutException e) {
            failures.add(e);
        }
    }

    private static List<Path> filesIn(Path where) throws IOException {
        try (Stream<Path> all = Files.walk(where)) {
            return all.filter(path -> !Files.isDirectory(path)).toList();
        }
    }
}
