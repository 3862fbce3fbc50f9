package io.pageflip.source;

import io.pageflip.os.NanoClock;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waits, after the source has released the lock, until it is clear which agent owns the guest. Only the run token
 * decides; a message, or the end of a connection, is a reason to look at it.
 */
final class TokenWait {
    private static final long MS = 1_000_000;
    private static final long SLICE_NS = 20 * MS;
    private static final long RETRY_NS = MS;

    /** How long the destination may take to take the guest, before the source tries to take it back. */
    private static final long TAKE_TIMEOUT_NS = 30_000 * MS;

    /**
     * How long the lock of a dead owner may stay taken, plus {@link #DEATH_NS_PER_GIB}. The kernel frees the lock of a
     * killed process only after its page tables: that takes tens of milliseconds for each GiB, some 230 at worst.
     */
    private static final long DEATH_NS = 2_000 * MS;

    private static final long DEATH_NS_PER_GIB = 500 * MS;

    private final RunToken token;
    private final Ownership ownership;
    private final DestinationLink link;
    private final NanoClock clock;
    private final long deathNs;

    /**
     * @param ownership of this agent, read before it released the lock: afterwards the epoch may be another agent's
     *     already
     */
    TokenWait(Ownership ownership, DestinationLink link, NanoClock clock, long ramBytes) {
        this.ownership = ownership;
        this.token = ownership.token();
        this.link = link;
        this.clock = clock;
        this.deathNs = DEATH_NS + (ramBytes >> 30) * DEATH_NS_PER_GIB;
    }

    /**
     * Waits until one of the agents owns the guest.
     *
     * @return null if the destination has taken it; else the reason why it has not, and this agent holds the lock
     */
    @Nullable
    IOException awaitTaken() throws IOException {
        long deadline = clock.nanoTime() + TAKE_TIMEOUT_NS;
        while (ownership.isUnchanged()) {
            try {
                link.check();
                if (clock.nanoTime() > deadline) {
                    throw new IOException(
                            "the destination has not taken the guest within " + TAKE_TIMEOUT_NS / MS + " ms");
                }
            } catch (IOException reason) {
                return giveUp(reason);
            }
            ownership.awaitChange(SLICE_NS);
        }
        return null;
    }

    /**
     * Gives up for {@code reason}: waits until one of the agents owns the guest.
     *
     * @return null if the destination has taken it; else {@code reason}, and this agent holds the lock
     */
    @Nullable
    IOException giveUp(IOException reason) throws IOException {
        return lockOrTaken() ? reason : null;
    }

    /**
     * Waits until either this agent has the lock or the epoch has changed. Returns true for the lock. If the
     * destination is stopped while it holds the lock, no agent runs the guest, by design: this method then waits until
     * the destination continues.
     */
    private boolean lockOrTaken() throws IOException {
        while (ownership.isUnchanged()) {
            if (token.tryLock()) {
                // The destination may have stored its epoch and died since the last check.
                return ownership.isUnchanged();
            }
            LockSupport.parkNanos(RETRY_NS);
        }
        return false;
    }

    /**
     * Whether the agent that took the guest is dead: then the lock is free, once that process's page tables are gone.
     */
    boolean ownerIsDead() throws IOException {
        long deadline = clock.nanoTime() + deathNs;
        while (clock.nanoTime() < deadline) {
            if (token.tryLock()) {
                return true;
            }
            LockSupport.parkNanos(RETRY_NS);
        }
        return false;
    }
}
