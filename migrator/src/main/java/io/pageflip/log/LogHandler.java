package io.pageflip.log;

import io.pageflip.os.NanoClock;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;

/** Puts what is logged with {@link System.Logger}, whose backend is java.util.logging, into the queue of events. */
final class LogHandler extends Handler {
    private static final String PREFIX = "pageflip.";

    private final EventQueue queue;

    LogHandler(EventQueue queue) {
        this.queue = queue;
    }

    @Override
    public void publish(LogRecord record) {
        String name = String.valueOf(record.getLoggerName());
        String side = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
        queue.add(NanoClock.SYSTEM.nanoTime(), side, "", new Text(record));
    }

    @Override
    public void flush() {
        // The thread of the LogOutput does that.
    }

    @Override
    public void close() {
        // This handler does not own the output.
    }

    /** A record that is formatted only when it is written. */
    private record Text(LogRecord record) {
        private static final Formatter FORMATTER = new SimpleFormatter();

        @Override
        public String toString() {
            String message = FORMATTER.formatMessage(record);
            return record.getThrown() == null ? message : message + ": " + record.getThrown();
        }
    }
}
