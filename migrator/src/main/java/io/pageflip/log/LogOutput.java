package io.pageflip.log;

import io.pageflip.os.NanoClock;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Where this process's events are written: standard error, a file, or both. A thread of its own writes each line with
 * one call of write(2), appending: lines of several processes in one file stay whole. What an agent says through a
 * {@link System.Logger} whose name begins with {@code pageflip} goes the same way.
 *
 * <p>A line is written a few milliseconds after its event; an agent that is killed takes the events of these with it.
 */
public final class LogOutput implements AutoCloseable {
    private static final long PERIOD_NS = 5_000_000;
    private static final long CLOSE_TIMEOUT_MS = 5_000;

    /** Kept, since the log manager keeps no logger that nobody else has. */
    private static final Logger LOGGER = Logger.getLogger("pageflip");

    private final EventQueue queue = new EventQueue();
    private final List<OutputStream> outputs;
    private final @Nullable OutputStream file;
    private final @Nullable Handler handler;
    private final Thread writer;
    private volatile boolean closing;

    private LogOutput(List<OutputStream> outputs, @Nullable OutputStream file, boolean onTerminal) {
        this.outputs = new ArrayList<>(outputs);
        this.file = file;
        this.writer = new Thread(this::writeAll, "log");
        if (outputs.isEmpty()) {
            handler = null;
        } else {
            EventLog.writeTo(queue);
            handler = new LogHandler(queue);
            LOGGER.setLevel(Level.FINE);
            LOGGER.addHandler(handler);
            LOGGER.setUseParentHandlers(!onTerminal); // which write to standard error in a form of their own
            writer.setDaemon(true);
            writer.start();
        }
    }

    /**
     * Begins to write. A process has one such output at a time.
     *
     * @param onTerminal whether to standard error
     * @param path of a file to append to, which is made if it is not there; null for none
     * @throws IOException if it cannot be opened
     */
    public static LogOutput open(boolean onTerminal, @Nullable Path path) throws IOException {
        List<OutputStream> outputs = new ArrayList<>();
        FileOutputStream file = null;
        if (path != null) {
            file = new FileOutputStream(path.toFile(), true);
            outputs.add(file);
        }
        if (onTerminal) {
            outputs.add(new FileOutputStream(FileDescriptor.err));
        }
        return new LogOutput(outputs, file, onTerminal);
    }

    private void writeAll() {
        boolean last;
        do {
            last = closing; // read before: what was reported before the end is written
            writeBatch();
            if (!last) {
                LockSupport.parkNanos(PERIOD_NS);
            }
        } while (!last);
    }

    /** In the order of their times, as far as they are here: some are reported late. */
    private void writeBatch() {
        List<EventQueue.Event> batch = new ArrayList<>();
        for (EventQueue.Event event = queue.take(); event != null; event = queue.take()) {
            batch.add(event);
        }
        long lost = queue.takeLost();
        if (lost > 0) {
            batch.add(new EventQueue.Event(
                    NanoClock.SYSTEM.nanoTime(), "log", lost + " events came too fast, and are not here", null));
        }
        batch.sort(Comparator.comparingLong(EventQueue.Event::atNs));
        for (EventQueue.Event event : batch) {
            byte[] line = LogLine.of(event);
            outputs.removeIf(output -> !write(output, line));
        }
    }

    /** Whether that worked. An output that fails once, as a full disk does, is left alone from then on. */
    private static boolean write(OutputStream output, byte[] line) {
        try {
            output.write(line);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Writes what has been reported up to now, and ends. */
    @Override
    public void close() throws IOException {
        if (handler == null) {
            return;
        }
        EventLog.writeTo(null);
        LOGGER.removeHandler(handler);
        LOGGER.setLevel(null);
        LOGGER.setUseParentHandlers(true);
        closing = true;
        LockSupport.unpark(writer);
        try {
            writer.join(CLOSE_TIMEOUT_MS); // whoever reads standard error may have stopped reading
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (file != null) {
            file.close();
        }
    }
}
