package io.pageflip.switchover;

import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The destination's half of the switchover: waits for the state, takes the run token, loads the state and makes the
 * guest this agent's. Runs on the thread of vCPU 0 (see {@code Guest.resumeAfter}), which spins for a while and then
 * sleeps on a futex, and executes the first instruction itself. The agent's thread may call the other methods
 * meanwhile.
 */
public final class IncomingSwitchover {
    /** Callbacks at the moments of a switchover. The methods must not allocate. */
    public interface Moments {
        /** The source has said that the lock is free. */
        void released() throws IOException;

        /**
         * This agent holds it, and has not stored its epoch yet; the last moment at which the switchover can be called
         * off.
         */
        void locked() throws IOException;

        /** The guest is this agent's. */
        void claimed();
    }

    private enum State {
        /** vCPU 0 may take the guest once the source has released it. */
        WAITING,
        /** The agent's thread receives pages: vCPU 0 must not take the guest meanwhile. */
        RECEIVING,
        CLAIMING,
        CLAIMED,
        FAILED
    }

    private static final long SLEEP_NS = 5_000_000;
    private static final long LOCK_RETRY_NS = 1_000_000;
    private static final int EAGER_TRIES = 1000;

    /** Spins between two dry runs: some tens of microseconds. */
    private static final int SPINS_PER_DRY_RUN = 256;

    private final Ownership ownership;
    private final RunToken token;
    private final int ownerEpoch;
    private final long spinNs;
    private final long lockTimeoutNs;
    private final NanoClock clock;
    private final Moments moments;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private volatile int endsReceived = -1;
    private volatile boolean sourceIsGone;
    private volatile @Nullable IOException failure;
    private long noticedNs;
    private long lockedNs;
    private long claimedNs;

    /**
     * A switchover whose wait has not begun.
     *
     * @param ownership of the source; the next epoch will be ours
     * @param spinNs how long to spin before sleeping
     * @param lockTimeoutNs how long to wait for the lock of a source that has released it or is dead
     */
    public IncomingSwitchover(Ownership ownership, long spinNs, long lockTimeoutNs, NanoClock clock, Moments moments) {
        this.ownership = ownership;
        this.token = ownership.token();
        this.ownerEpoch = ownership.epoch();
        this.spinNs = spinNs;
        this.lockTimeoutNs = lockTimeoutNs;
        this.clock = clock;
        this.moments = moments;
    }

    // The agent's thread.

    /**
     * Says that {@code ends} END frames have come, with everything before them: vCPU 0 may take the guest if the source
     * counts no more of them. Until the first call it may not.
     */
    public void received(int ends) {
        endsReceived = ends;
        state.compareAndSet(State.RECEIVING, State.WAITING);
    }

    /**
     * Keeps vCPU 0 from taking the guest while pages are received, until {@link #received} or {@link #receivedNothing}.
     *
     * @return false if it is too late: the guest is this agent's, or about to be, or the switchover has failed
     */
    public boolean receiving() {
        return state.compareAndSet(State.WAITING, State.RECEIVING);
    }

    /** Ends what {@link #receiving} began, without another END. */
    public void receivedNothing() {
        state.compareAndSet(State.RECEIVING, State.WAITING);
    }

    /** Says that the source is dead: if it had saved the state, its lock becomes free without it. */
    public void sourceIsGone() {
        sourceIsGone = true;
    }

    /**
     * Calls the switchover off, unless the guest is this agent's or about to be.
     *
     * @return whether it is called off
     */
    public boolean cancel() {
        return state.compareAndSet(State.WAITING, State.FAILED)
                || state.compareAndSet(State.RECEIVING, State.FAILED)
                || state.get() == State.FAILED;
    }

    /** Whether the guest is this agent's. */
    public boolean isClaimed() {
        return state.get() == State.CLAIMED;
    }

    /**
     * Throws if the switchover has failed.
     *
     * @throws IOException why
     */
    public void check() throws IOException {
        IOException reason = failure;
        if (reason != null) {
            throw reason;
        }
    }

    /**
     * When this agent saw that the source had released the guest, in CLOCK_MONOTONIC nanoseconds, once
     * {@link #isClaimed}.
     */
    public long noticedNs() {
        return noticedNs;
    }

    /** When this agent had the lock, and the epoch still was the source's. */
    public long lockedNs() {
        return lockedNs;
    }

    /** When the state was loaded and the next epoch stored. */
    public long claimedNs() {
        return claimedNs;
    }

    // The thread of vCPU 0.

    /** Waits for the state and takes the guest; returns whether the guest is ours. */
    public boolean run(GuestState guest) {
        boolean ours;
        try {
            ours = take(guest);
        } catch (IOException e) {
            fail(e);
            return false;
        } catch (RuntimeException | Error e) { // whatever it is: the agent's thread waits for an answer
            fail(new IOException("taking the guest over failed: " + e, e));
            return false;
        }
        if (ours) {
            moments.claimed();
        }
        return ours;
    }

    private boolean take(GuestState guest) throws IOException {
        awaitReleased();
        if (!isPending()) {
            return false;
        }
        noticedNs = clock.nanoTime();
        moments.released();
        lock();
        lockedNs = clock.nanoTime();
        moments.locked();
        guest.load(token.page());
        if (!beginClaim()) {
            token.release();
            return false;
        }
        ownership.take();
        claimedNs = clock.nanoTime();
        state.set(State.CLAIMED);
        return true;
    }

    private void fail(IOException reason) {
        if (token.ownEpoch() == ownership.promised()) {
            state.set(State.CLAIMED); // it came too late: the guest is this agent's, and the caller learns the rest
            throw new IllegalStateException(reason);
        }
        try {
            if (token.isLocked()) {
                token.release();
            }
        } catch (SyscallException e) {
            reason.addSuppressed(e);
        }
        failure = reason;
        state.set(State.FAILED);
    }

    private boolean isPending() {
        State now = state.get();
        return now == State.WAITING || now == State.RECEIVING;
    }

    /** From here on the switchover cannot be called off; false if it has been. */
    private boolean beginClaim() {
        while (!state.compareAndSet(State.WAITING, State.CLAIMING)) {
            if (!isPending()) {
                return false;
            }
            Thread.onSpinWait(); // pages that the source did not count are on their way
        }
        return true;
    }

    private void awaitReleased() throws IOException {
        SwitchoverPage page = token.page();
        long spinUntilNs = clock.nanoTime() + spinNs;
        int spins = 0;
        while (isPending() && token.epoch() == ownerEpoch) {
            boolean gone = sourceIsGone; // read before the page, to which a dead source writes no more
            int phase = page.phase(ownerEpoch);
            boolean there = phase == SwitchoverPage.RELEASED || (phase == SwitchoverPage.SAVED && gone);
            int ends = page.ends();
            if (there && ends >= 0 && ends <= endsReceived) {
                return;
            }
            if (there && gone) {
                throw new IOException("the source has died after it sent " + Math.max(0, endsReceived) + " of " + ends
                        + " END messages");
            }
            if (there || clock.nanoTime() < spinUntilNs) {
                spins++;
                if (spins % SPINS_PER_DRY_RUN == 0) {
                    token.dryRun();
                }
                Thread.onSpinWait();
            } else {
                page.await(ownerEpoch, phase, SLEEP_NS);
            }
        }
    }

    /** Takes the lock, if the epoch is still the source's. */
    private void lock() throws IOException {
        long deadline = 0;
        int tries = 0;
        while (token.epoch() == ownerEpoch && !token.tryLock()) {
            if (deadline == 0) {
                deadline = clock.nanoTime() + lockTimeoutNs;
            }
            if (clock.nanoTime() > deadline) {
                throw new IOException("the source has not released the guest: its lock is still held");
            }
            if (!isPending()) {
                throw new IOException("called off while the source's lock was still held");
            }
            if (++tries > EAGER_TRIES) {
                LockSupport.parkNanos(LOCK_RETRY_NS);
            }
        }
        if (token.epoch() != ownerEpoch) {
            throw new IOException(
                    "the source has taken the guest back: its owner epoch is " + token.epoch() + ", not " + ownerEpoch);
        }
    }
}
