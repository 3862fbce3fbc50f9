package io.pageflip.switchover;

import io.pageflip.os.SyscallException;
import java.io.IOException;

/**
 * Who may own a guest during one migration: the source with its epoch, then either the destination with
 * {@link #promised}, or the source again with {@link #takenBack}. Only this class computes these numbers. As many
 * threads may use an object as may use the token.
 *
 * @param token of the guest; this object does not own it
 * @param epoch of the source, from before the migration
 */
public record Ownership(RunToken token, int epoch) {
    /** The ownership of the guest that this agent has. */
    public static Ownership of(RunToken token) {
        return new Ownership(token, token.ownEpoch());
    }

    /** The epoch of a destination that has taken the guest. */
    public int promised() {
        return epoch + 1;
    }

    private int takenBack() {
        return epoch + 2;
    }

    /** Whether no agent has stored another epoch since. */
    public boolean isUnchanged() {
        return token.epoch() == epoch;
    }

    /** Whether the destination has taken the guest. Means nothing before the source has released the lock. */
    public boolean isTaken() {
        return token.epoch() == promised();
    }

    /**
     * Takes the guest, at the destination: from here on it is this agent's. Needs the lock. Threads that wait for the
     * epoch are not woken: see {@link RunToken#wakeWaiters}.
     *
     * @throws IOException if the source has taken the guest back
     */
    public void take() throws IOException {
        token.claim(promised());
    }

    /**
     * Takes the guest back, at the source. A destination that comes late cannot take it any more, even if it holds the
     * lock.
     *
     * @return false if the destination has taken the guest
     */
    public boolean takeBack() {
        return token.takeBack(promised(), takenBack());
    }

    /** Waits at most {@code timeoutNs} until an agent stores another epoch; may return early. */
    public void awaitChange(long timeoutNs) throws SyscallException {
        token.awaitChange(epoch, timeoutNs);
    }
}
