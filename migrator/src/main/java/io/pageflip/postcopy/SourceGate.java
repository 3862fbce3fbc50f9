package io.pageflip.postcopy;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets threads read pages out of the source's memory only while the connection to the source is whole. Once the
 * connection was seen broken, no thread reads until {@link #open}. Any number of threads may use it. A thread calls
 * {@link #pass} before each read; while the gate is open, that costs only a look at two fields.
 */
public final class SourceGate {
    private enum State {
        OPEN,
        PAUSED,
        SHUT,
        GONE
    }

    private final BooleanSupplier connected;
    private volatile State state = State.OPEN;
    private @Nullable String shutReason;

    /** @param connected whether the connection to the source is whole; any thread asks it, before each read */
    public SourceGate(BooleanSupplier connected) {
        this.connected = connected;
    }

    /** From now on, threads that want to read wait. */
    public synchronized void pause() {
        if (state == State.OPEN) {
            state = State.PAUSED;
        }
    }

    /** The connection is whole again: lets the waiting threads go on. */
    public synchronized void open() {
        if (state == State.PAUSED) {
            state = State.OPEN;
        }
        notifyAll();
    }

    /** From now on every read fails, for {@code reason}. Cannot be undone. */
    public synchronized void shut(String reason) {
        state = State.SHUT;
        shutReason = reason;
        notifyAll();
    }

    /** Nothing is needed any more: from now on, no thread has to wait. Cannot be undone. */
    synchronized void remove() {
        state = State.GONE;
        notifyAll();
    }

    /**
     * Waits while the connection is broken, or reading is paused.
     *
     * @throws IOException if the gate is shut
     */
    void pass() throws IOException {
        if (state != State.OPEN || !connected.getAsBoolean()) {
            awaitOpen();
        }
    }

    private synchronized void awaitOpen() throws IOException {
        boolean interrupted = false;
        while (state == State.PAUSED || (state == State.OPEN && !connected.getAsBoolean())) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // to end this thread, the gate must be shut
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (state == State.SHUT) {
            throw new IOException(shutReason);
        }
    }
}
