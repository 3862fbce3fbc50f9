package io.pageflip.source;

import io.pageflip.channel.CancelledException;
import io.pageflip.channel.GracePeriod;
import io.pageflip.os.NanoClock;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.wire.ProtocolException;
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
    private final SwitchoverLimit limit;
    private final long deathNs;

    TokenWait(Ownership ownership, DestinationLink link, NanoClock clock, SwitchoverLimit limit, long ramBytes) {
        this.ownership = ownership;
        this.token = ownership.token();
        this.link = link;
        this.clock = clock;
        this.limit = limit;
        this.deathNs = DEATH_NS + (ramBytes >> 30) * DEATH_NS_PER_GIB;
    }

    /**
     * Waits until the destination has taken the guest, or this agent has taken it back.
     *
     * @return null if the destination has taken it; else the reason why this agent has it again
     */
    @Nullable
    IOException awaitTaken() throws IOException {
        while (!ownership.isTaken()) {
            try {
                if (!ownership.isUnchanged()) {
                    throw new ProtocolException("the destination wrote the owner epoch " + token.epoch() + ", but only "
                            + ownership.promised() + " may follow " + ownership.epoch());
                }
                link.check();
                limit.check("the destination to take the guest");
            } catch (IOException reason) {
                return giveUp(reason);
            }
            ownership.awaitChange(SLICE_NS);
        }
        return null;
    }

    /**
     * There is a reason to give up: takes the guest back. A destination that holds the lock, and may be about to take
     * the guest, has time until the limit of the switchover, or only a moment if the user has cancelled.
     *
     * @return null if the destination has taken the guest; else {@code reason}
     */
    @Nullable
    IOException giveUp(IOException reason) throws IOException {
        long graceNs = reason instanceof CancelledException ? GracePeriod.LENGTH_NS : Long.MAX_VALUE;
        long sinceNs = clock.nanoTime();
        while (ownership.isUnchanged() && !limit.isOver() && clock.nanoTime() - sinceNs < graceNs && !token.tryLock()) {
            LockSupport.parkNanos(RETRY_NS);
        }
        return ownership.takeBack() ? reason : null;
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
