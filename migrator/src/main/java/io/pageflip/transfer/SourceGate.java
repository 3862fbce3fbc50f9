package io.pageflip.transfer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Whether pages may be read out of the source's memory just now. Any number of threads; those that read pass it before each
 * reading, for the price of a look at a field while it is open.
 */
public final class SourceGate {
    private volatile boolean open = true;
    private @Nullable String shutReason;

    /** From now on, who wants to read waits. */
    public synchronized void pause() {
        if (shutReason == null) {
            open = false;
        }
    }

    /** Lets those go on who wait. */
    public synchronized void open() {
        if (shutReason == null) {
            open = true;
            notifyAll();
        }
    }

    /** For good: nothing is read any more, for that reason. The first reason stays. */
    public synchronized void shut(String reason) {
        if (shutReason == null) {
            shutReason = reason;
            open = false;
            notifyAll();
        }
    }

    /**
     * Waits while it is paused.
     *
     * @throws IOException if it is shut
     */
    void pass() throws IOException {
        if (!open) {
            awaitOpen();
        }
    }

    private synchronized void awaitOpen() throws IOException {
        boolean interrupted = false;
        while (!open && shutReason == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // whoever wants this thread to end shuts the gate
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (shutReason != null) {
            throw new IOException(shutReason);
        }
    }
}
