package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One process, and what it has written so far. Its output is read by threads of its own, so that no pipe fills up. */
final class Run {
    private final String name;
    private final Process process;
    private final Capture out;
    private final Capture err;

    private Run(String name, Process process, Capture out, Capture err) {
        this.name = name;
        this.process = process;
        this.out = out;
        this.err = err;
    }

    static Run of(List<String> command, Process process) {
        String name = String.join(" ", command);
        return new Run(
                name,
                process,
                Capture.of(process.getInputStream(), "output of " + name),
                Capture.of(process.getErrorStream(), "errors of " + name));
    }

    /** A process whose standard output the test reads itself. */
    static Run withOutputLeftAlone(List<String> command, Process process) {
        String name = String.join(" ", command);
        return new Run(name, process, Capture.NOTHING, Capture.of(process.getErrorStream(), "errors of " + name));
    }

    Process process() {
        return process;
    }

    long pid() {
        return process.pid();
    }

    /** Standard output so far. */
    String out() {
        return out.text();
    }

    /** Standard error so far. */
    String err() {
        return err.text();
    }

    /** Waits for its end, and checks its exit code. */
    Run endsWith(int exitCode) {
        end();
        assertThat(process.exitValue()).as("exit code of %s", this).isEqualTo(exitCode);
        return this;
    }

    /** Waits for its end, and returns its exit code. */
    int end() {
        try {
            assertThat(process.waitFor(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .as("has ended within %s: %s", Waiting.LIMIT, this)
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        out.awaitEnd();
        err.awaitEnd();
        return process.exitValue();
    }

    /** Waits until it has written something to standard error. */
    Run awaitErr(String text) {
        Waiting.until("'" + text + "' on standard error of " + name, () -> {
            assertThat(process.isAlive() || err().contains(text))
                    .as("lives on until it says '%s': %s", text, this)
                    .isTrue();
            return err().contains(text);
        });
        return this;
    }

    /** Waits until it is stopped by a signal. */
    void awaitStopped() {
        Waiting.until("stop of " + name, () -> {
            assertThat(process.isAlive()).as("is stopped, not dead: %s", this).isTrue();
            return isStopped(process.toHandle());
        });
    }

    /** Whether a process is stopped by a signal. */
    static boolean isStopped(ProcessHandle process) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).startsWith("T");
        } catch (IOException e) {
            return false; // it is gone
        }
    }

    /** Whether it has opened a file. */
    boolean hasOpen(Path file) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(pid()), "fd"))) {
            return descriptors.anyMatch(descriptor -> {
                try {
                    return Files.readSymbolicLink(descriptor).equals(file);
                } catch (IOException e) {
                    return false; // closed meanwhile
                }
            });
        }
    }

    /** Sends a signal, by the name that kill(1) knows. */
    void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start();
        assertThat(kill.waitFor()).as("kill -%s %d (%s)", signal, pid(), name).isZero();
    }

    @Override
    public String toString() {
        return name + (process.isAlive() ? " (alive)" : " (exit code " + process.exitValue() + ")")
                + "\n--- standard output\n" + out() + "--- standard error\n" + err() + "---";
    }

    /** What came out of a stream. */
    private static final class Capture {
        static final Capture NOTHING = new Capture(CompletableFuture.completedFuture(null));

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<Void> end;

        private Capture(CompletableFuture<Void> end) {
            this.end = end;
        }

        static Capture of(InputStream stream, String name) {
            Capture capture = new Capture(new CompletableFuture<>());
            Thread reader = new Thread(() -> capture.read(stream), name);
            reader.setDaemon(true);
            reader.start();
            return capture;
        }

        private void read(InputStream stream) {
            byte[] buffer = new byte[8192];
            try (stream) {
                for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
                    bytes.write(buffer, 0, count);
                }
                end.complete(null);
            } catch (IOException e) {
                end.completeExceptionally(e);
            }
        }

        String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }

        void awaitEnd() {
            end.orTimeout(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS).join();
        }
    }
}
