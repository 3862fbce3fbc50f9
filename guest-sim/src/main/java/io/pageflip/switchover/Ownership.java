package io.pageflip.switchover;

import io.pageflip.os.SyscallException;

/**
 * The owner epoch of a run token as one migration found it when it began: the source's. Read once, since the word
 * itself may be another agent's as soon as the lock is free. The next epoch, which whoever takes the guest stores, is
 * spelled here and nowhere else. As many threads may use it as may use the token.
 *
 * @param token of the guest; stays its owner's
 * @param epoch of the source of this migration
 */
public record Ownership(RunToken token, int epoch) {
    /** What the token says now. */
    public static Ownership of(RunToken token) {
        return new Ownership(token, token.epoch());
    }

    /** Whether nobody has stored another epoch since. */
    public boolean isUnchanged() {
        return token.epoch() == epoch;
    }

    /** The epoch of whoever takes the guest next. */
    public int next() {
        return epoch + 1;
    }

    /**
     * Stores the next epoch: from here on the guest is this agent's. Needs the lock. The destination takes the guest
     * with it; a source that takes its guest back breaks the promise made to a destination that comes late. Whoever
     * waits for the epoch is not woken: see {@link RunToken#wakeWaiters}.
     */
    public void claimNext() {
        token.claim(next());
    }

    /** Waits at most {@code timeoutNs} for somebody to store another epoch; may return early. */
    public void awaitChange(long timeoutNs) throws SyscallException {
        token.awaitChange(epoch, timeoutNs);
    }
}
