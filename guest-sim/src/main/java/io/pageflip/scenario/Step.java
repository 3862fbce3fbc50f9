package io.pageflip.scenario;

import java.util.Locale;

/** The moments of a migration at which an agent may be made to fail. */
public enum Step {
    /** The source has sent its greeting; the destination has read it. */
    HELLO,
    /** The source begins to fill its guest's RAM; there is no guest yet. */
    FILLING,
    /** The destination has said that it is ready; the source has heard it. */
    READY,
    /** The source has sent the first pages; the destination has received them. */
    FIRST_PAGES,
    /** The source has sent half of all pages; the destination has received them. */
    HALF_PAGES,
    /** The source has sent the first round of a precopy, while the guest runs; the destination has received it. */
    ROUND,
    /**
     * The source has saved the state and still holds the lock; the destination has every page, has checked that, and
     * waits for the state.
     */
    STATE,
    /** The source has released the lock and said so; the destination has heard it, and has not taken the lock yet. */
    RELEASED,
    /** The destination has the lock, and has not stored its epoch yet. */
    LOCKED,
    /** The destination has stored its epoch: the point of no return. */
    CLAIMED,
    /** The guest runs at the destination. */
    RESUMED,
    /**
     * The connection has broken while pages were still to be pulled: the source has not tried to connect again yet, nor
     * the destination listened.
     */
    PAUSED,
    /** The two agents are connected again. */
    RECOVER,
    /**
     * The destination has the last page of those that are pulled after the switchover, and has said so; the source has
     * seen it.
     */
    LAST_PAGE;

    /** Whether a source comes to it. */
    public boolean isForSource() {
        return this != LOCKED && this != CLAIMED;
    }

    /** Whether a destination comes to it. */
    public boolean isForDestination() {
        return this != FILLING;
    }

    /** The name in {@code --fault}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
