package io.pageflip.switchover;

import io.pageflip.os.SyscallException;

/**
 * The owner epoch of a run token when one migration began: the source's. It is read once, since another agent may
 * change the word as soon as the lock is free. Only this class computes the next epoch, which the agent that takes the
 * guest stores. As many threads may use an object as may use the token.
 *
 * @param token of the guest; this object does not own it
 * @param epoch of the source of this migration
 */
public record Ownership(RunToken token, int epoch) {
    /** The ownership with the epoch that the token has now. */
    public static Ownership of(RunToken token) {
        return new Ownership(token, token.epoch());
    }

    /** Whether no agent has stored another epoch since. */
    public boolean isUnchanged() {
        return token.epoch() == epoch;
    }

    /** The epoch of the agent that takes the guest next. */
    public int next() {
        return epoch + 1;
    }

    /**
     * Stores the next epoch: from here on the guest is this agent's. Needs the lock. The destination takes the guest
     * with it. A source that takes its guest back stores it, too, so that a destination that comes late cannot take the
     * guest any more. Threads that wait for the epoch are not woken: see {@link RunToken#wakeWaiters}.
     */
    public void claimNext() {
        token.claim(next());
    }

    /** Waits at most {@code timeoutNs} until an agent stores another epoch; may return early. */
    public void awaitChange(long timeoutNs) throws SyscallException {
        token.awaitChange(epoch, timeoutNs);
    }
}
