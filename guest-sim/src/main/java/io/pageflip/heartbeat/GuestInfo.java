package io.pageflip.heartbeat;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What an observer reads in a {@link GuestInfoPage}.
 *
 * @param guest the number that tells this guest from all others
 * @param beats heartbeats of all vCPUs together, since the guest was powered on
 */
public record GuestInfo(long guest, int vcpus, long beats) {
    /** Bytes that {@link #of} needs: one page. */
    public static final int BYTES = GuestInfoPage.FIRST_VCPU + GuestInfoPage.MAX_VCPUS * GuestInfoPage.VCPU_BYTES;

    /** The number of guests that nobody is to watch. */
    public static final long UNSEEN = 0;

    /**
     * Reads a page, little-endian; null if it is no guest information page of this layout, or nobody is to watch it.
     */
    public static @Nullable GuestInfo of(ByteBuffer page) {
        int vcpus = page.getInt(GuestInfoPage.VCPUS_AT);
        if (page.getLong(0) != GuestInfoPage.MAGIC
                || page.getInt(GuestInfoPage.VERSION_AT) != GuestInfoPage.VERSION
                || page.getLong(GuestInfoPage.GUEST_AT) == UNSEEN
                || vcpus < 1
                || vcpus > GuestInfoPage.MAX_VCPUS) {
            return null;
        }
        long beats = 0;
        for (int i = 0; i < vcpus; i++) {
            beats += page.getLong(GuestInfoPage.FIRST_VCPU + i * GuestInfoPage.VCPU_BYTES);
        }
        return new GuestInfo(page.getLong(GuestInfoPage.GUEST_AT), vcpus, beats);
    }

    /** A guest's number as people read it. */
    public static String name(long guest) {
        return "%016x".formatted(guest);
    }
}
