package io.pageflip.switchover;

import io.pageflip.os.NanoClock;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The source's half of the switchover: saves the state of the paused guest, and releases the run token. Runs on the
 * thread of the vCPU that paused last (see {@code Guest.stop}), so that no thread has to be woken between the last
 * instruction and the first; or, where pages still had to cross, on the agent's thread.
 */
public final class OutgoingSwitchover {
    /** Callbacks at the moments of a switchover. The methods must not allocate. */
    public interface Moments {
        /** The guest still runs, and will be paused soon. Changes nothing. */
        void dryRun() throws IOException;

        /**
         * The guest is paused: sends the pages that must cross now, and returns how many END frames were sent by then.
         */
        int paused() throws IOException;

        /** The state is saved; the last moment at which the switchover can be called off. */
        void saved() throws IOException;
    }

    private final GuestState guest;
    private final RunToken token;
    private final int ownerEpoch;
    private final NanoClock clock;
    private final Moments moments;
    private final AtomicBoolean inDryRun = new AtomicBoolean();
    private volatile long dryRunNs;

    /** @param ownership of this agent */
    public OutgoingSwitchover(GuestState guest, Ownership ownership, NanoClock clock, Moments moments) {
        this.guest = guest;
        this.token = ownership.token();
        this.ownerEpoch = ownership.epoch();
        this.clock = clock;
        this.moments = moments;
    }

    /**
     * Does what {@link #run} does, as far as that changes nothing: calls {@link Moments#dryRun}, saves a state without
     * publishing it, and locks another file instead of the token. Runs on the thread of a vCPU that will pause soon:
     * until then, its processor's caches hold only the guest's code and data. Does nothing while another vCPU does a
     * dry run.
     */
    public void dryRun() throws IOException {
        if (inDryRun.compareAndSet(false, true)) {
            long startNs = clock.nanoTime();
            moments.dryRun();
            guest.saveDraft(token.page());
            token.dryRun();
            dryRunNs = clock.nanoTime() - startNs;
            inDryRun.set(false);
        }
    }

    /**
     * Gives the paused guest away. When this returns, the guest belongs to the agent that takes the run token's lock.
     *
     * @throws IOException if the switchover was called off; the lock is still held then
     */
    public void run() throws IOException {
        SwitchoverPage page = token.page();
        page.setGuestPausedNs(clock.nanoTime());
        page.setDryRunNs(dryRunNs);
        page.setEnds(moments.paused());
        guest.save(page);
        page.setSavedNs(clock.nanoTime());
        page.publishQuietly(ownerEpoch, SwitchoverPage.SAVED);
        moments.saved();
        token.release();
        page.setReleasedNs(clock.nanoTime());
        page.publish(ownerEpoch, SwitchoverPage.RELEASED);
    }
}
