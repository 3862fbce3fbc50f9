package io.pageflip.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.NativeBuffer;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes values to a client, on a thread of its own. What waits to be written is bounded: a client that does not read
 * loses its connection. Any thread may add values; that never waits for the client.
 */
final class QmpWriter implements AutoCloseable {

    /** Bytes that wait before {@link #hasRoom} is false. */
    private static final long MUCH = 1 << 20;

    /** Bytes that wait before the client is given up: one reply to the longest request, and events. */
    private static final long MOST = 16 << 20;

    /** About the length of an event. */
    private static final int EVENT_BYTES = 200;

    private static final int BUFFER_BYTES = 1 << 16;
    private static final int SLICE_MS = 50;
    private static final int CLOSE_SLICES = 20;
    private static final long JOIN_MS = 3_000;

    private final Fd socket;
    private final Thread thread = new Thread(this::writeOnAndOn, "qmp writer");

    // Guarded by this object's monitor.
    private final Deque<Line> lines = new ArrayDeque<>();
    private long waiting;
    private boolean broken;
    private boolean closing;

    /** @param socket non-blocking; the caller closes it */
    QmpWriter(Fd socket) {
        this.socket = socket;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** What waits to be written, and about how many bytes it has. */
    private record Line(Supplier<byte[]> text, int size) {}

    /** Adds a value, to be written on a line of its own. */
    void add(JsonNode value) {
        byte[] text = JsonText.line(value);
        add(new Line(() -> text, text.length));
    }

    /** Adds an event. That takes a microsecond: whoever tells of it may be in a hurry. */
    void add(QmpEvent event) {
        add(new Line(() -> JsonText.line(event.json()), EVENT_BYTES)); // it becomes text when it is its turn
    }

    private synchronized void add(Line line) {
        if (broken || closing) {
            return;
        }
        if (waiting + line.size() > MOST) {
            broken = true;
        }
        lines.addLast(line);
        waiting += line.size();
        notifyAll();
    }

    /** Whether the client can still be written to. */
    synchronized boolean isWhole() {
        return !broken;
    }

    /** Whether few bytes wait; waits for that at most so many milliseconds. */
    synchronized boolean hasRoom(int millis) throws IOException {
        for (int waits = 0; waiting > MUCH && !broken && waits == 0; waits++) {
            try {
                wait(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        return waiting <= MUCH;
    }

    private void writeOnAndOn() {
        NativeBuffer buffer = NativeBuffer.allocate(BUFFER_BYTES);
        try {
            for (Line line = next(); line != null; line = next()) {
                byte[] bytes = line.text().get();
                for (int at = 0; at < bytes.length; at += BUFFER_BYTES) {
                    int length = Math.min(BUFFER_BYTES, bytes.length - at);
                    buffer.bytes().put(0, bytes, at, length);
                    write(buffer, length);
                }
                written(line.size());
            }
        } catch (IOException | InterruptedException e) {
            giveUp(); // the client is gone, or does not read
        }
    }

    private synchronized @Nullable Line next() throws InterruptedException {
        while (lines.isEmpty() && !closing && !broken) {
            wait();
        }
        return broken ? null : lines.pollFirst();
    }

    private synchronized void written(int bytes) {
        waiting -= bytes;
        notifyAll();
    }

    private synchronized void giveUp() {
        broken = true;
        notifyAll();
    }

    private void write(NativeBuffer buffer, int length) throws IOException {
        int slices = 0;
        for (int done = 0; done < length; ) {
            long wrote = socket.write(buffer, done, length - done);
            if (wrote == -Errno.EAGAIN) {
                socket.awaitWritable(SLICE_MS);
                slices++;
                if (isOver(slices)) {
                    throw new IOException("the client does not read");
                }
            } else if (wrote < 0) {
                throw new IOException("write to the client: " + Errno.name((int) -wrote));
            } else {
                done += (int) wrote;
            }
        }
    }

    private synchronized boolean isOver(int slices) {
        return broken || (closing && slices > CLOSE_SLICES);
    }

    /** Ends when everything is written, or soon if the client does not read. */
    @Override
    public void close() {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        try {
            thread.join(JOIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
