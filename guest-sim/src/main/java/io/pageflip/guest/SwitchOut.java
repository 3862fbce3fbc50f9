package io.pageflip.guest;

import io.pageflip.os.NanoClock;
import java.io.IOException;

/**
 * The source's half of the switch: saves the state of the standing guest, and lets the run token go. Runs on the thread of the
 * vCPU that came to stand last (see {@link Guest#stop(SwitchOut)}), so that no thread has to be woken between the last
 * instruction and the first; or, where pages still had to cross, on the agent's.
 */
public final class SwitchOut {
    /** What else has to happen at the moments of a switch. The methods must not allocate. */
    public interface Moments {
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

    /** @param ownerEpoch of this agent */
    public SwitchOut(Guest guest, RunToken token, int ownerEpoch, NanoClock clock, Moments moments) {
        this.guest = guest;
        this.token = token;
        this.ownerEpoch = ownerEpoch;
        this.clock = clock;
        this.moments = moments;
    }

    /** What {@link #run} does to the lock, done to another one: so that it is in the caches of this processor. */
    synchronized void practise() {
        try {
            token.practise();
        } catch (IOException e) {
            // it will fail again when it counts
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
