package io.pageflip.metrics;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * How far a migration has come, for a display. The agent's thread writes it, without a lock or an allocation; any
 * thread may read it.
 */
public final class Progress {
    /** What the agent is doing. */
    public enum Phase {
        STARTING("starting"),
        FILLING("filling guest RAM"),
        ADOPTING("adopting private memory"),
        CONNECTING("waiting for the other agent"),
        PREPARING("getting ready"),
        PAGES("moving pages"),
        /** The guest is paused, and somebody has to say that the migration goes on; the name is QEMU's. */
        PRE_SWITCHOVER("pre-switchover"),
        SWITCHING("handing over"),
        /** The guest runs at the destination, and pages still come; the names of this and the next two are QEMU's. */
        POSTCOPY_ACTIVE("postcopy-active"),
        /** The connection between the agents broke: no page comes, and a vCPU that needs one waits. */
        POSTCOPY_PAUSED("postcopy-paused"),
        POSTCOPY_RECOVER("postcopy-recover"),
        RUNNING("guest runs"),
        VERIFYING("verifying");

        private final String label;

        Phase(String label) {
            this.label = label;
        }

        /** As a person reads it. */
        @Override
        public String toString() {
            return label;
        }
    }

    /** Is called when a phase begins, by the thread that begins it. Must return quickly. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A phase begins.
         *
         * @param pages number of 4 KiB pages to handle in it; 0 if it handles none
         */
        void begins(Phase phase, long pages);

        /** A round of a precopy has ended. */
        default void roundEnded(PrecopyResult.Round round) {}
    }

    private volatile Phase phase = Phase.STARTING;
    private volatile long total;
    private volatile long done;
    private volatile long transferred;
    private volatile PrecopyResult.@Nullable Round round;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /**
     * Begins a phase.
     *
     * @param pages number of 4 KiB pages to handle in it; 0 if it handles none
     */
    public void begin(Phase next, long pages) {
        done = 0;
        total = pages;
        phase = next;
        for (int i = 0; i < listeners.size(); i++) { // no iterator: the guest may be paused
            listeners.get(i).begins(next, pages);
        }
    }

    /** Adds a listener that is called for each phase from now on. */
    public void addListener(Listener next) {
        listeners.add(next);
    }

    /** Sets how many 4 KiB pages of this phase are done. */
    public void done(long pages) {
        done = pages;
    }

    /** Forgets the last migration, before another one. */
    public void startOver() {
        transferred = 0;
        round = null;
    }

    /** Sets how many bytes have gone through the channel in all. */
    public void transferred(long bytes) {
        transferred = bytes;
    }

    /** Says that a round of a precopy has ended. */
    public void roundEnded(PrecopyResult.Round last) {
        round = last;
        for (Listener listener : listeners) {
            listener.roundEnded(last);
        }
    }

    /** Bytes that have gone through the channel. */
    public long transferredBytes() {
        return transferred;
    }

    /** The last round of a precopy that has ended; null if there is none. */
    public PrecopyResult.@Nullable Round lastRound() {
        return round;
    }

    public Phase phase() {
        return phase;
    }

    public long totalPages() {
        return total;
    }

    public long donePages() {
        return done;
    }
}
