package io.pageflip.agent;

import io.pageflip.channel.Cancellation;
import io.pageflip.guest.Guest;
import io.pageflip.request.PrecopyLimits;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What may be asked of one migration while it runs. Any thread asks; the agent's thread looks wherever it waits or
 * loops, and never while the guest is paused for the switchover.
 */
public final class MigrationControl {
    private final Cancellation cancellation;
    private final boolean pausesBeforeSwitchover;
    private final CountDownLatch goOn = new CountDownLatch(1);
    private volatile @Nullable PrecopyLimits limits;
    private volatile Throttling throttling = Throttling.DEFAULT;
    private volatile boolean postcopyWanted;
    private volatile Runnable breaker = () -> {};
    private volatile boolean held;
    private volatile @Nullable Guest guest;
    private volatile long guestPausedNs;

    /** A control that asks for nothing; the migration can be cancelled. */
    public MigrationControl(Cancellation cancellation) {
        this(cancellation, false);
    }

    /** @param pausesBeforeSwitchover whether the migration waits, with the guest paused, for {@link #goOn} */
    public MigrationControl(Cancellation cancellation, boolean pausesBeforeSwitchover) {
        this.cancellation = cancellation;
        this.pausesBeforeSwitchover = pausesBeforeSwitchover;
    }

    public Cancellation cancellation() {
        return cancellation;
    }

    /** Sets the limits of a precopy; they count from the next batch of pages on. */
    public void setLimits(PrecopyLimits value) {
        limits = value;
    }

    /** The limits that count now: {@code typed}, unless others were set. */
    public PrecopyLimits limits(PrecopyLimits typed) {
        PrecopyLimits set = limits;
        return set == null ? typed : set;
    }

    /** Sets how vCPUs are throttled; it counts from the next decision on. */
    public void setThrottling(Throttling value) {
        throttling = value;
    }

    public Throttling throttling() {
        return throttling;
    }

    /** Asks a precopy to send the rest of the pages after the switchover, which then follows soon. */
    public void startPostcopy() {
        postcopyWanted = true;
    }

    public boolean postcopyWanted() {
        return postcopyWanted;
    }

    /** Whether the migration waits, with the guest paused, before the switchover. */
    public boolean pausesBeforeSwitchover() {
        return pausesBeforeSwitchover;
    }

    /** Lets a migration that waits before the switchover go on. */
    public void goOn() {
        goOn.countDown();
    }

    /** Waits for {@link #goOn}; returns false if it did not come within so many milliseconds. */
    public boolean awaitGoOn(int millis) throws InterruptedException {
        return goOn.await(millis, TimeUnit.MILLISECONDS);
    }

    /** Says how to break the connection to the peer. */
    public void setBreaker(Runnable value) {
        breaker = value;
    }

    /**
     * Breaks the connection to the peer, and keeps it broken until {@link #recover}. A postcopy by pulls recovers from
     * that; nothing else does.
     */
    public void breakConnection() {
        held = true;
        breaker.run();
    }

    /** Lets a connection that {@link #breakConnection} has broken be made again. */
    public void recover() {
        held = false;
    }

    /** Whether the connection is to stay broken. */
    public boolean staysBroken() {
        return held;
    }

    /** Says which guest this agent has, or will have. The agent's thread calls it. */
    public void setGuest(Guest value) {
        guest = value;
    }

    /** The guest that this agent has, had or will have; null if there never was one. */
    public @Nullable Guest guest() {
        return guest;
    }

    /** Says when the guest was paused for good, on {@link io.pageflip.os.NanoClock#SYSTEM}. */
    public void setGuestPausedNs(long value) {
        guestPausedNs = value;
    }

    /** When the guest was paused, to run at the destination; 0 if it was not. */
    public long guestPausedNs() {
        return guestPausedNs;
    }
}
