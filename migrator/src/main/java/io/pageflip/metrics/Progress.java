package io.pageflip.metrics;

import org.jspecify.annotations.Nullable;

/**
 * How far a migration is, for whoever shows it to a person. Written by the agent's thread, without a lock or an
 * allocation; read from any thread.
 */
public final class Progress {
    /** What is going on. */
    public enum Phase {
        STARTING("starting"),
        FILLING("filling guest RAM"),
        ADOPTING("adopting private memory"),
        CONNECTING("waiting for the other agent"),
        PREPARING("getting ready"),
        PAGES("moving pages"),
        SWITCHING("handing over"),
        /** The guest runs at the destination, and pages come; the names of this and the next two are QEMU's. */
        POSTCOPY_ACTIVE("postcopy-active"),
        /** The connection between the agents broke: no page comes, and who needs one waits. */
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

    /** Is told of each phase when it begins, by the thread that begins it, which may be in a hurry. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A phase begins.
         *
         * @param pages to be done in it; 0 if it has no pages
         */
        void begins(Phase phase, long pages);
    }

    private volatile Phase phase = Phase.STARTING;
    private volatile long total;
    private volatile long done;
    private volatile @Nullable Listener listener;

    /**
     * Begins a phase.
     *
     * @param pages to be done in it; 0 if it has no pages
     */
    public void begin(Phase next, long pages) {
        done = 0;
        total = pages;
        phase = next;
        Listener told = listener;
        if (told != null) {
            told.begins(next, pages);
        }
    }

    /** Tells somebody of each phase from now on. */
    public void listener(Listener next) {
        listener = next;
    }

    /** So many pages of this phase are done now. */
    public void done(long pages) {
        done = pages;
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
