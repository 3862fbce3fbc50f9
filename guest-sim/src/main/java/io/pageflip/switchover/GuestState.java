package io.pageflip.switchover;

import java.io.IOException;

/**
 * The state of a paused guest, as the switchover carries it from one agent to the other. The methods must not allocate.
 */
public interface GuestState {
    /** Writes the state of the paused guest into {@code page}. */
    void save(SwitchoverPage page);

    /** Does what {@link #save} does, for a dry run, while the guest runs: the state that it writes is of no use. */
    void saveDraft(SwitchoverPage page);

    /**
     * Makes the paused guest continue, when resumed, where {@code page} says.
     *
     * @throws IOException if that is no state of this guest
     */
    void load(SwitchoverPage page) throws IOException;
}
