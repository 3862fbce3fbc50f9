package io.pageflip.source;

import io.pageflip.agent.GuestLostException;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.metrics.Progress;
import io.pageflip.os.NanoClock;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The source after the switchover of a postcopy by pulls: the guest is the destination's, and pages of it are still
 * here. They stay until the destination says, in the run token, that it has the last one. If the connection breaks
 * meanwhile, the source tries to connect again, for as long as the destination waits for it; the run token says how
 * long. Used by the agent's one thread.
 */
final class PostcopyCompletion {
    private static final System.Logger LOG = System.getLogger("pageflip.source");
    private static final long MS = 1_000_000;
    private static final long POLL_NS = MS;
    private static final long RETRY_NS = 10 * MS;
    private static final long NS_PER_S = 1000 * MS;
    private static final long NOT_ASKED = Long.MIN_VALUE;

    /** Limits the time that the destination has written, so that it cannot cause an overflow. */
    private static final long MOST_RECOVER_NS = 1_000_000 * NS_PER_S;

    /** The guest that the destination has taken, as its run token shows it. */
    interface Taken {
        /** Whether the destination needs nothing from here any more. */
        boolean hasAllPages();

        /** Tries to take the run token's lock. If it succeeds, the agent that took the guest is dead. */
        boolean tryLock() throws IOException;

        /** How long the destination waits for this agent to connect again, in nanoseconds. */
        long recoverTimeoutNs();

        /** Tries once to connect again; returns whether the link is whole. */
        boolean reconnect();
    }

    /**
     * How long this agent stays after it was asked to end, plus {@link #END_NS_PER_GIB}: the guest dies without the
     * pages that are here, but a destination that stalls must not keep this agent for ever.
     */
    private static final long END_NS = 5 * NS_PER_S;

    private static final long END_NS_PER_GIB = NS_PER_S;

    private final DestinationLink link;
    private final Taken taken;
    private final Progress progress;
    private final Cancellation cancellation;
    private final BooleanSupplier staysBroken;
    private final Consumer<Step> reached;
    private final NanoClock clock;
    private final long endNs;
    private long askedNs = NOT_ASKED;

    PostcopyCompletion(
            DestinationLink link,
            Taken taken,
            long ramBytes,
            Progress progress,
            Cancellation cancellation,
            BooleanSupplier staysBroken,
            Consumer<Step> reached,
            NanoClock clock) {
        this.staysBroken = staysBroken;
        this.link = link;
        this.taken = taken;
        this.endNs = END_NS + (ramBytes >> 30) * END_NS_PER_GIB;
        this.progress = progress;
        this.cancellation = cancellation;
        this.reached = reached;
        this.clock = clock;
    }

    /** For a migration whose guest the destination has claimed. */
    static PostcopyCompletion of(OutgoingMigration migration) {
        DestinationLink link = migration.link();
        return new PostcopyCompletion(
                link,
                takenBy(link, migration.ownership()),
                migration.guest().config().ramBytes(),
                migration.progress(),
                migration.context().cancellation(),
                migration.context().control()::staysBroken,
                migration.context()::reached,
                migration.clock());
    }

    /** The guest that the destination has claimed. */
    static Taken takenBy(DestinationLink link, Ownership ownership) {
        RunToken token = ownership.token();
        int epoch = ownership.promised();
        return new Taken() {
            @Override
            public boolean hasAllPages() {
                return token.page().hasAllPages(epoch);
            }

            @Override
            public boolean tryLock() throws IOException {
                return token.tryLock();
            }

            @Override
            public long recoverTimeoutNs() {
                return token.page().recoverTimeoutNs();
            }

            @Override
            public boolean reconnect() {
                return link.recover(ownership);
            }
        };
    }

    /**
     * Waits for the last page.
     *
     * @throws GuestLostException if the destination will not get it: it has died, or was out of reach for too long, or
     *     did not get it soon after this agent was asked to end
     */
    void await() throws IOException {
        progress.begin(Progress.Phase.POSTCOPY_ACTIVE, 0);
        if (awaitResumed()) {
            reached.accept(Step.RESUMED);
        }
        while (!taken.hasAllPages()) {
            checkEnd();
            if (link.isConnected()) {
                LockSupport.parkNanos(POLL_NS);
            } else {
                recover();
            }
        }
        progress.begin(Progress.Phase.RUNNING, 0);
        reached.accept(Step.LAST_PAGE);
    }

    private boolean awaitResumed() {
        try {
            link.awaitResumed();
            return true;
        } catch (CancelledException e) {
            return false; // checkEnd() decides
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the destination could not say that it has resumed the guest", e);
            link.drop(); // whatever it sent instead: a new connection starts afresh
            return false;
        }
    }

    private void recover() throws IOException {
        status(Progress.Phase.POSTCOPY_PAUSED, "the connection to the destination broke, and it needs pages from here");
        reached.accept(Step.PAUSED);
        long timeoutNs = Math.max(0, Math.min(MOST_RECOVER_NS, taken.recoverTimeoutNs()));
        long deadlineNs = clock.nanoTime() + timeoutNs;
        while (staysBroken.getAsBoolean() || !taken.reconnect()) {
            if (taken.hasAllPages()) {
                return;
            }
            if (taken.tryLock()) {
                if (taken.hasAllPages()) {
                    return;
                }
                throw new GuestLostException("the destination took it and died, with pages of it still at the source");
            }
            checkEnd();
            if (clock.nanoTime() > deadlineNs) {
                throw new GuestLostException("the connection broke with pages of it still at the source, which has not"
                        + " reached the destination again within " + timeoutNs / NS_PER_S + " s");
            }
            LockSupport.parkNanos(RETRY_NS);
        }
        status(Progress.Phase.POSTCOPY_RECOVER, "the connection is there again");
        reached.accept(Step.RECOVER);
        status(Progress.Phase.POSTCOPY_ACTIVE, "the destination goes on");
    }

    private void checkEnd() throws GuestLostException {
        if (!cancellation.isRequested()) {
            return;
        }
        if (askedNs == NOT_ASKED) {
            askedNs = clock.nanoTime();
        }
        if (clock.nanoTime() - askedNs > endNs) {
            throw new GuestLostException("this source was asked to end, and within " + endNs / NS_PER_S
                    + " s the destination did not say that it has the guest's last page");
        }
    }

    private void status(Progress.Phase phase, String why) {
        LOG.log(System.Logger.Level.INFO, "{0}: {1}", phase, why);
        progress.begin(phase, 0);
    }
}
