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
 * Writes this process's events to standard error, to a file, or to both. A thread of its own writes each line with one
 * call of write(2), appending, so that lines of several processes in one file stay whole. What an agent logs with a
 * {@link System.Logger} whose name begins with {@code pageflip} goes the same way.
 *
 * <p>A line is written a few milliseconds after its event, so an agent that is killed loses the events of its last few
 * milliseconds.
 */
public final class LogOutput implements AutoCloseable {
    private static final long PERIOD_NS = 5_000_000;
    private static final long CLOSE_TIMEOUT_MS = 5_000;

    /** Held here, because the log manager drops a logger that nobody references. */
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
            LOGGER.setUseParentHandlers(!onTerminal); // they print to standard error in their own form
            writer.setDaemon(true);
            writer.start();
        }
    }

    /**
     * Starts to write. A process has one such output at a time.
     *
     * @param onTerminal whether to write to standard error
     * @param path a file to append to, which is made if it does not exist; null for none
     * @throws IOException if the file cannot be opened
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
            last = closing; // read before the batch, which then has all events before close()
            writeBatch();
            if (!last) {
                LockSupport.parkNanos(PERIOD_NS);
            }
        } while (!last);
    }

    /**
     * Writes the events that are in the queue, in the order of their times. An event that is reported late comes out of
     * order.
     */
    private void writeBatch() {
        List<EventQueue.Event> batch = new ArrayList<>();
        for (EventQueue.Event event = queue.take(); event != null; event = queue.take()) {
            batch.add(event);
        }
        long lost = queue.takeLost();
        if (lost > 0) {
            batch.add(new EventQueue.Event(
                    NanoClock.SYSTEM.nanoTime(), "log", lost + " events came too fast, and were lost", null));
        }
        batch.sort(Comparator.comparingLong(EventQueue.Event::atNs));
        for (EventQueue.Event event : batch) {
            byte[] line = LogLine.of(event);
            outputs.removeIf(output -> !write(output, line));
        }
    }

    /** Returns whether that worked. An output that fails once, as a full disk does, is not used again. */
    private static boolean write(OutputStream output, byte[] line) {
        try {
            output.write(line);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Writes all events that have been reported up to now, and ends. */
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
