package io.pageflip.scenario;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.ChildProcess;
import io.pageflip.os.JavaProcess;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.WaitGuard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The owner of a third process ({@link SharerProcess}) that maps a part of a RAM block and touches what is there, as a
 * backup reader or a back end of vhost-user does. The process ends when its standard input does, or with the thread
 * that started it, so it never outlives this process, however that ends. Used by one thread.
 */
public final class Sharer implements AutoCloseable {
    private static final long POLL_NS = 5_000_000;
    private static final long START_TIMEOUT_NS = 30_000_000_000L;
    private static final long END_TIMEOUT_S = 2;

    /** How long to wait for a reason after the process has ended: a signal to both processes may end that one first. */
    private static final long REASON_NS = 500_000_000;

    private final Process process;

    private Sharer(Process process) {
        this.process = process;
    }

    /**
     * Starts the process.
     *
     * @param file of the block
     * @param pages that it maps, in pages of {@code pageBytes}
     * @param guard whose exception ends the wait, and the process with it
     * @throws IOException if it has not mapped them within 30 s
     */
    public static Sharer start(MemFd file, PageBitmap pages, int pageBytes, NanoClock clock, WaitGuard guard)
            throws IOException {
        List<String> command = JavaProcess.command(SharerProcess.class.getName());
        command.addAll(List.of(
                Integer.toString(Proc.pid()),
                Integer.toString(file.fd().number()),
                file.name(),
                Long.toString(file.length())));
        Sharer sharer = new Sharer(
                ChildProcess.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT)));
        try {
            sharer.sendRanges(pages, pageBytes);
            sharer.awaitMapped(clock, guard);
            return sharer;
        } catch (EndedException e) {
            sharer.close();
            awaitReason(clock, guard);
            throw e;
        } catch (IOException | RuntimeException e) {
            sharer.close();
            throw e;
        }
    }

    /** Ctrl-C goes to every process of the terminal: this one may notice it only after the other one has ended. */
    private static void awaitReason(NanoClock clock, WaitGuard guard) throws IOException {
        long deadlineNs = clock.nanoTime() + REASON_NS;
        while (clock.nanoTime() < deadlineNs) {
            guard.check();
            LockSupport.parkNanos(POLL_NS);
        }
    }

    private void sendRanges(PageBitmap pages, int pageBytes) throws IOException {
        StringBuilder ranges = new StringBuilder();
        pages.forEachRun(
                Long.MAX_VALUE,
                run -> ranges.append(run.first() * pageBytes)
                        .append(' ')
                        .append(run.count() * pageBytes)
                        .append('\n'));
        try {
            Writer input = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
            input.append(ranges).append('\n').flush();
        } catch (IOException e) {
            throw new EndedException("the sharer of guest RAM has ended at once", e);
        }
    }

    /** Nothing can stop a thread that is blocked in a read, so this reads only when there is something to read. */
    private void awaitMapped(NanoClock clock, WaitGuard guard) throws IOException {
        long deadlineNs = clock.nanoTime() + START_TIMEOUT_NS;
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        while (!said.ready() && process.isAlive()) {
            guard.check();
            if (clock.nanoTime() > deadlineNs) {
                throw new IOException("the sharer of guest RAM has mapped nothing for 30 s");
            }
            LockSupport.parkNanos(POLL_NS);
        }
        String line = said.readLine();
        if (!SharerProcess.MAPPED.equals(line)) {
            throw new EndedException(
                    "the sharer of guest RAM has ended before it had mapped it" + (line == null ? "" : ": " + line),
                    null);
        }
    }

    /** The process has ended by itself, or somebody else has ended it. */
    private static final class EndedException extends IOException {
        private static final long serialVersionUID = 1L;

        EndedException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    public ProcessHandle process() {
        return process.toHandle();
    }

    /** Asks the process to end, which takes some milliseconds, and kills it if it does not. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
