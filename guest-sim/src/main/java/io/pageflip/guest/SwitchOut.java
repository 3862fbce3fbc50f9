package io.pageflip.guest;

import io.pageflip.os.NanoClock;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The source's half of the switch: saves the state of the standing guest, and lets the run token go. Runs on the thread
 * of the vCPU that came to stand last (see {@link Guest#stop(SwitchOut)}), so that no thread has to be woken between
 * the last instruction and the first; or, where pages still had to cross, on the agent's.
 */
public final class SwitchOut {
    /** What else has to happen at the moments of a switch. The methods must not allocate. */
    public interface Moments {
        /** The guest will stand soon; still runs. Changes nothing. */
        void soon() throws IOException;

        /** The guest stands: whatever pages must cross now do; then every END frame that has been sent is counted. */
        int standing() throws IOException;

        /** The state is saved; the last moment at which the switch can be called off. */
        void saved() throws IOException;
    }

    private final Guest guest;
    private final RunToken token;
    private final int ownerEpoch;
    private final NanoClock clock;
    private final Moments moments;
    private final AtomicBoolean practising = new AtomicBoolean();
    private volatile long practiceNs;

    /** @param ownerEpoch of this agent */
    public SwitchOut(Guest guest, RunToken token, int ownerEpoch, NanoClock clock, Moments moments) {
        this.guest = guest;
        this.token = token;
        this.ownerEpoch = ownerEpoch;
        this.clock = clock;
        this.moments = moments;
    }

    /**
     * Does what {@link #run} does, as far as it changes nothing: looks, saves a state that nobody is told of, and locks
     * a file of its own in the token's place. Runs on the thread of a vCPU that will stand soon: until then, what is in
     * the caches of its processor is the guest's. Does nothing if another vCPU is at it.
     */
    void practise() throws IOException {
        if (practising.compareAndSet(false, true)) {
            long startNs = clock.nanoTime();
            moments.soon();
            guest.draft(token.page());
            token.practise();
            practiceNs = clock.nanoTime() - startNs;
            practising.set(false);
        }
    }

    /**
     * Switches the standing guest out. When this returns, it is whoever's takes the run token's lock.
     *
     * @throws IOException if the switch was called off; the lock is still held then
     */
    public void run() throws IOException {
        SwitchPage page = token.page();
        page.setStandingNs(clock.nanoTime());
        page.setPracticeNs(practiceNs);
        page.setEnds(moments.standing());
        guest.save(page);
        page.setSavedNs(clock.nanoTime());
        page.publishQuietly(ownerEpoch, SwitchPage.SAVED);
        moments.saved();
        token.release();
        page.setReleasedNs(clock.nanoTime());
        page.publish(ownerEpoch, SwitchPage.RELEASED);
    }
}
