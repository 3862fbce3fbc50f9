package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hosts that lack something, limit something, or are set up in a strange way. It works, or one sentence says what is
 * missing, with exit code 4 or 1; never a stack trace.
 */
final class HostileHostIT {
    private static final String ANY_RAM = "\"$PAGEFLIP\" migrate --run-after 0.05 --progress never ";
    private static final String MIGRATE = ANY_RAM + "--ram 16M ";
    private static final String X86_64 = "amd64";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private Run shell(String script) throws IOException {
        return pageflip.shell(script);
    }

    /** System calls by their numbers on x86-64. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "memfd_create     | 319 | 38 | --mechanism flip                     | 4 | memfd_create",
                "memfd_create     | 319 | 1  | --mechanism stream                   | 4 | memfd_create",
                "userfaultfd      | 323 | 38 | --mechanism flip                     | 4 | choose stream, which copies",
                "userfaultfd      | 323 | 38 | --mechanism stream                   | 0 | ",
                "vmsplice         | 278 | 1  | --mechanism gift --backing anonymous | 4 | choose stream",
                "vmsplice         | 278 | 1  | --mechanism flip                     | 0 | ",
                "process_vm_readv | 310 | 1  | --mechanism pull                     | 4 | choose stream",
                "pidfd_open       | 434 | 38 | --mechanism pull                     | 4 | choose stream",
                "pidfd_open       | 434 | 38 | --mechanism flip                     | 0 | ",
                "statx            | 332 | 38 | --mechanism flip                     | 0 | ",
            })
    void aSystemCallThatIsDeniedIsNamedBeforeThereIsAGuest(
            String call, String number, String errno, String options, int code, String said) throws IOException {
        Host.need(System.getProperty("os.arch").equals(X86_64), "the numbers are those of x86-64");
        Host.need(Host.has("python3"), "no Python, which installs the filter");
        Run run = shell("exec python3 " + resource("deny.py") + " " + number + " " + errno + " " + MIGRATE + options)
                .endsWith(code);
        if (code == 0) {
            assertThat(run.out()).contains("match: ");
        } else {
            assertOneSentence(run, said);
            assertThat(run.err()).doesNotContain("lost");
        }
    }

    private Path resource(String name) throws IOException {
        Path copy = pageflip.path(name);
        try (InputStream resource = Objects.requireNonNull(HostileHostIT.class.getResourceAsStream(name), name)) {
            Files.copy(resource, copy);
        }
        return copy;
    }

    private static void assertOneSentence(Run run, String said) {
        assertThat(run.err()).contains(said).doesNotContain("\tat ").doesNotContain("warning]");
        assertThat(run.err().lines()).hasSizeLessThanOrEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ulimit -v 6000000 | --ram 8G --fill 0  | RLIMIT_AS",
                "ulimit -f 10000   | --ram 64M          | RLIMIT_FSIZE",
            })
    void aLimitThatIsTooSmallForTheGuestIsNamed(String limit, String options, String said) throws IOException {
        assertOneSentence(shell(limit + "; exec " + ANY_RAM + options).endsWith(4), said);
    }

    /** A control group of the first version, as they are here; skipped where there is none to make. */
    @ParameterizedTest
    @CsvSource({"120M, 256M", "256M, 256M", "200M, 32M"})
    void aControlGroupThatIsTooSmallIsNamed(String limit, String ram) throws IOException {
        Run run = inGroup(
                "memory$(sed -n 's/.*:memory://p' /proc/self/cgroup)",
                "echo " + limit + " > \"$group/memory.limit_in_bytes\"",
                ANY_RAM + "--ram " + ram);
        assertThat(run.process().exitValue()).as("%s", run).isEqualTo(4);
        assertOneSentence(run, "memory.limit_in_bytes of the control group /");
    }

    /** It works, or says in one sentence why not, and leaves the guest where it was. */
    private static void assertWorksOrNamed(Run run, String said) {
        int code = run.end();
        assertThat(code).as("%s", run).isIn(0, 1, 4);
        if (code == 0) {
            assertThat(run.out()).contains("match: ");
        } else {
            assertOneSentence(run, said);
            assertThat(run.err()).doesNotContain("lost");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 24, 32, 64})
    void fewDescriptorsAreEnoughOrNamed(int descriptors) throws IOException {
        assertWorksOrNamed(shell("ulimit -n " + descriptors + "; exec " + MIGRATE), "ulimit -n");
    }

    /** Threads count for a user. */
    @ParameterizedTest
    @ValueSource(ints = {14, 30, 34, 50})
    void fewThreadsAreNamed(int threads) throws IOException {
        Host.need(Host.has("prlimit"), "no prlimit, which sets the limit");
        Run run = pageflip.startCommand(
                Host.asOrdinaryUser("sh", "-c", "exec prlimit --nproc=" + threads + " " + MIGRATE));
        assertWorksOrNamed(run, "thread");
        assertThat(run.process().exitValue()).isNotZero();
    }

    /** Runs a command in a control group of the first version; skipped where there is none to make. */
    private Run inGroup(String controller, String limit, String command) throws IOException {
        Run run = shell("group=/sys/fs/cgroup/" + controller + "/pageflip-$$; mkdir \"$group\" && " + limit
                + " || exit 77; (echo 0 > \"$group/cgroup.procs\" && exec " + command + "); code=$?; "
                + "while ! rmdir \"$group\" 2>/dev/null; do sleep 0.01; done; exit $code");
        int code = run.end();
        Host.need(code != 77, "no control group of " + controller + " can be made: " + run.err());
        return run;
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 32, 56, 58, 60, 61, 62})
    void fewProcessesInAControlGroupAreEnoughOrNamed(int pids) throws IOException {
        assertWorksOrNamed(inGroup("pids", "echo " + pids + " > \"$group/pids.max\"", MIGRATE), "thread");
    }

    @ParameterizedTest
    @ValueSource(strings = {"taskset -c 0", "chrt --idle 0"})
    void itWorksWithLessOfTheProcessors(String how) throws IOException {
        Host.need(Host.has(how.substring(0, how.indexOf(' '))), "no " + how);
        assertThat(shell("exec " + how + " " + MIGRATE).endsWith(0).out()).contains("match: ");
    }

    /** The vCPUs of two agents would keep all other threads off two processors, for ever. */
    @ParameterizedTest
    @ValueSource(strings = {"--fifo 10", "--rr 1"})
    void aRealTimePolicyIsRefused(String policy) throws IOException {
        Host.need(Host.isRoot() && Host.has("chrt"), "only root sets a real-time policy, with chrt");
        assertOneSentence(shell("exec chrt " + policy + " " + MIGRATE).endsWith(4), "real-time scheduling policy");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-m                       | mount -t tmpfs -o ro tmpfs \"$TEMPORARY\"",
                "-m                       | mount -t tmpfs -o noexec tmpfs \"$TEMPORARY\"",
                "-m                       | mount -t tmpfs -o size=4k,nr_inodes=1 tmpfs \"$TEMPORARY\"",
                "-pfm                     | mount -t proc -o subset=pid proc /proc",
                "-T --monotonic 100000 -f | true",
            })
    void itWorksInAStrangeNamespace(String namespaces, String preparation) throws IOException {
        Host.need(Host.isRoot(), "only root makes such namespaces");
        Path temporary = Files.createDirectory(pageflip.temporary().resolve("strange"));
        pageflip.javaOptions("-Djava.io.tmpdir=" + temporary);
        pageflip.environment("TEMPORARY", temporary.toString());
        Run run = shell("exec unshare " + namespaces + " sh -c '" + preparation + " || exit 77; exec " + MIGRATE + "'");
        int code = run.end();
        Host.need(code != 77 && !run.err().contains("unshare:"), "this host cannot do it: " + run.err());
        Files.delete(temporary);
        assertThat(code).as("%s", run).isZero();
        assertThat(run.out()).contains("match: ");
    }

    /** Two agents by hand, of which one is in another namespace. */
    private Run source(String namespaces, int code) throws Exception {
        Host.need(Host.isRoot(), "only root makes such namespaces");
        Path socket = pageflip.path("m.sock");
        Run destination = pageflip.start("destination", "--listen", "unix:" + socket, "--run-after", "0.05")
                .awaitErr("waiting for a source");
        Run source = shell("exec unshare " + namespaces + " \"$PAGEFLIP\" source --ram 16M" + " --connect unix:"
                + socket + " --format json");
        source.end();
        if (source.err().contains("unshare:")) {
            destination.signal("TERM");
            Host.need(false, source.err());
        }
        source.endsWith(code);
        if (code != 0) {
            destination.signal("TERM");
        }
        destination.end();
        return source;
    }

    @ParameterizedTest
    @ValueSource(strings = {"100000", "-3"})
    void clocksOfTwoTimeNamespacesAreCompared(String offset) throws Exception {
        Run source = source("-T --monotonic " + offset + " -f", 0);
        assertThat(source.err()).contains("all times are the host's");
        Report report = Report.ofAgent(source.out());
        assertThat(report.run().path("downtime-ns").asLong()).isBetween(1L, 10_000_000_000L);
        assertThat(report.run().path("setup-time").asLong()).isBetween(0L, 100_000L);
    }

    @Test
    void anAgentInAnotherPidNamespaceIsRefusedBeforeThereIsAGuest() throws Exception {
        Run source = source("-p -f --mount-proc", 4);
        assertThat(source.err() + source.out()).contains("another PID namespace");
    }

    /** What the JVM and its agents print by themselves does not get into our output. */
    @Test
    void aDebuggerDoesNotBreakAShellPipe() throws IOException {
        Run run = shell("export PAGEFLIP_JAVA_OPTS=\"$PAGEFLIP_JAVA_OPTS -agentlib:jdwp=transport=dt_socket,server=y,"
                        + "suspend=n,address=127.0.0.1:0\"; \"$PAGEFLIP\" source --ram 16M --quiet |"
                        + " \"$PAGEFLIP\" destination --run-after 0.05 --format json")
                .endsWith(0);
        assertThat(run.out()).startsWith("{").doesNotContain("Listening");
        assertThat(run.err()).contains("Listening for transport");
    }

    @Test
    void aThreadDumpGoesToStandardError() throws Exception {
        Run run = pageflip.start("migrate", "--ram=16M", "--run-after=2", "--format=json", "--progress=always")
                .awaitErr("guest runs");
        run.signal("QUIT");
        for (ProcessHandle agent : run.process().descendants().toList()) {
            new ProcessBuilder("kill", "-QUIT", Long.toString(agent.pid()))
                    .start()
                    .waitFor();
        }
        run.endsWith(0);
        Report.parse(run.out());
        assertThat(run.err()).contains("Full thread dump");
    }

    /** The command takes the port, and its agents find it taken. */
    @Test
    void anAgentThatCannotStartIsSaidToHaveDiedWithItsLastWords() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Run run = shell("export PAGEFLIP_JAVA_OPTS=\"$PAGEFLIP_JAVA_OPTS -Dcom.sun.management.jmxremote.port=" + port
                        + " -Dcom.sun.management.jmxremote.authenticate=false"
                        + " -Dcom.sun.management.jmxremote.ssl=false\"; exec " + MIGRATE)
                .endsWith(1);
        assertOneSentence(run, "no destination: the destination agent ended with exit code 1: ");
        assertThat(run.err()).contains("Port already in use: " + port);
    }
}
