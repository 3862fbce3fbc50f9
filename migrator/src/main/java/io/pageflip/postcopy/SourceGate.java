package io.pageflip.postcopy;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether pages may be read out of the source's memory just now: as long as the connection to it is whole. Once it has
 * been seen broken nobody reads until {@link #open}. Any number of threads; those that read pass it before each
 * reading, for the price of a look at two fields while it is open.
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

    /** @param connected whether the connection to the source is whole; asked by any thread, before each reading */
    public SourceGate(BooleanSupplier connected) {
        this.connected = connected;
    }

    /** From now on, who wants to read waits. */
    public synchronized void pause() {
        if (state == State.OPEN) {
            state = State.PAUSED;
        }
    }

    /** The connection is whole again: lets those go on who wait. */
    public synchronized void open() {
        if (state == State.PAUSED) {
            state = State.OPEN;
        }
        notifyAll();
    }

    /** For good: nothing is read any more, for that reason. */
    public synchronized void shut(String reason) {
        state = State.SHUT;
        shutReason = reason;
        notifyAll();
    }

    /** For good: nothing is needed any more, and nobody has to wait. */
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
                interrupted = true; // whoever wants this thread to end shuts the gate
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
