package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A guest is passed to and fro for as long as {@code -Dpageflip.soak.seconds=N} says, and nothing of any process grows
 * meanwhile: descriptors, threads, mappings, memory.
 */
final class SoakIT {
    private static final long NS_PER_S = 1_000_000_000;
    private static final long SLICE_NS = 50_000_000;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    /** What one process has, at most, over a time. */
    private static final class Peak {
        private long descriptors;
        private long threads;
        private long mappings;
        private long anonymousKib;

        void look(Path process) throws IOException {
            descriptors = Math.max(descriptors, count(process.resolve("fd")));
            threads = Math.max(threads, count(process.resolve("task")));
            mappings = Math.max(
                    mappings, Files.readAllLines(process.resolve("maps")).size());
            anonymousKib = Math.max(anonymousKib, anonymousKib(process));
        }

        private static long count(Path folder) throws IOException {
            try (Stream<Path> entries = Files.list(folder)) {
                return entries.count();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }

        private static long anonymousKib(Path process) throws IOException {
            return Files.readAllLines(process.resolve("status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        }

        @Override
        public String toString() {
            return descriptors + " descriptors, " + threads + " threads, " + mappings + " mappings, " + anonymousKib
                    + " KiB of private memory";
        }
    }

    @Test
    void nothingGrows() throws Exception {
        long seconds = Long.getLong("pageflip.soak.seconds", 9);
        Run run = pageflip.start(
                "migrate", "--ping-pong", "--ram=16M", "--runs=1000000", "--run-after=0.02", "--progress=never");
        Waiting.until("both agents", () -> agents(run).count() == 2);
        List<ProcessHandle> processes =
                Stream.concat(Stream.of(run.process().toHandle()), agents(run)).toList();
        watch(processes, seconds / 3); // the JVMs load and compile their code
        Map<ProcessHandle, Peak> before = watch(processes, seconds / 3);
        Map<ProcessHandle, Peak> after = watch(processes, seconds - 2 * (seconds / 3));
        run.signal("INT");
        assertThat(run.end()).as("%s", run).isIn(0, 1);
        assertThat(run.out()).contains("match: ");
        assertThat(run.err()).doesNotContain("lost");
        for (ProcessHandle process : processes) {
            Peak was = before.get(process);
            Peak is = after.get(process);
            System.out.println(was + " -> " + is);
            assertThat(is.descriptors).as("descriptors: %s -> %s", was, is).isLessThanOrEqualTo(was.descriptors + 4);
            assertThat(is.threads).as("threads: %s -> %s", was, is).isLessThanOrEqualTo(was.threads + 4);
            assertThat(is.mappings).as("mappings: %s -> %s", was, is).isLessThanOrEqualTo(was.mappings + 40);
            assertThat(is.anonymousKib)
                    .as("private memory: %s -> %s", was, is)
                    .isLessThanOrEqualTo(was.anonymousKib * 5 / 4 + 16_384);
        }
    }

    /** The JVMs that the command has started; the launcher starts other processes for a moment. */
    private static Stream<ProcessHandle> agents(Run run) {
        return run.process()
                .descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/java"));
    }

    private static Map<ProcessHandle, Peak> watch(List<ProcessHandle> processes, long seconds) throws IOException {
        Map<ProcessHandle, Peak> peaks = new LinkedHashMap<>();
        processes.forEach(process -> peaks.put(process, new Peak()));
        long untilNs = System.nanoTime() + seconds * NS_PER_S;
        while (System.nanoTime() < untilNs) {
            for (Map.Entry<ProcessHandle, Peak> each : peaks.entrySet()) {
                each.getValue().look(Path.of("/proc/" + each.getKey().pid()));
            }
            LockSupport.parkNanos(SLICE_NS);
        }
        return peaks;
    }
}
