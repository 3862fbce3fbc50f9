package io.pageflip.qemu;

import io.pageflip.metrics.PeerText;
import io.pageflip.os.ChildProcess;
import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import io.pageflip.qmp.QmpClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A running QEMU, and its monitor. Closing kills it, and waits until it is gone. If this process is killed, the kernel
 * kills QEMU, where {@code setpriv} (util-linux) is there to ask it to. Used by one thread, which outlives it.
 */
final class QemuProcess implements AutoCloseable {
    private static final Path SETPRIV = Path.of("/usr/bin/setpriv");
    private static final int LAST_WORDS = 300;

    private final Process process;
    private final Path errors;
    private final List<QmpClient> clients = new ArrayList<>();

    private QemuProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
    }

    /**
     * Starts a command.
     *
     * @param errors a file for what it says
     * @throws IOException if it cannot be started; if there is no such program, setpriv says so and ends
     */
    static QemuProcess start(List<String> command, Path errors) throws IOException {
        List<String> line = new ArrayList<>();
        if (Files.isExecutable(SETPRIV)) {
            line.addAll(List.of(SETPRIV.toString(), "--pdeathsig", "KILL", "--"));
        }
        line.addAll(command);
        Process process = ChildProcess.start(new ProcessBuilder(line)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(errors.toFile())
                .redirectErrorStream(true));
        return new QemuProcess(process, errors);
    }

    /** The value of {@code -qmp} for a server at a path. */
    static String server(Path socket) {
        return "unix:" + socket + ",server=on,wait=off";
    }

    /**
     * Connects to its monitor; this object owns the client.
     *
     * @param guard asked while anything is waited for
     * @param timeoutNs the longest wait
     */
    QmpClient connect(Path socket, NanoClock clock, WaitGuard guard, long timeoutNs)
            throws IOException, InterruptedException {
        QmpClient client = QmpClient.connect(socket, clock, guard, timeoutNs);
        clients.add(client);
        return client;
    }

    /** @throws IOException if it has ended; the message has its last words */
    void requireAlive() throws IOException {
        if (!process.isAlive()) {
            throw new IOException(ending());
        }
    }

    int pid() {
        return Math.toIntExact(process.pid());
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** How it ended, with its last words. */
    String ending() {
        String words = lastWords();
        String end = process.isAlive() ? "QEMU runs" : "QEMU ended with code " + process.exitValue();
        return words == null ? end : end + ": " + words;
    }

    /** The end of what it said; null if it said nothing. */
    @Nullable
    String lastWords() {
        try {
            String said = Files.readString(errors, StandardCharsets.ISO_8859_1).strip();
            String last = said.substring(Math.max(0, said.length() - LAST_WORDS));
            return last.isEmpty() ? null : PeerText.printable(last.replace("\n", "; "));
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public void close() {
        for (QmpClient client : clients) {
            try {
                client.close();
            } catch (IOException e) {
                // It is to be killed anyway.
            }
        }
        process.destroyForcibly();
        boolean interrupted = false;
        while (process.isAlive()) {
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
