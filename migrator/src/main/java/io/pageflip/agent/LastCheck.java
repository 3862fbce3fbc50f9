package io.pageflip.agent;

import io.pageflip.channel.CancelledException;
import io.pageflip.channel.GracePeriod;
import io.pageflip.guest.Guest;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import java.io.IOException;

/** The verification of a guest that was stopped for good. */
public final class LastCheck {
    private LastCheck() {}

    /**
     * Verifies the guest. A user who asks for the end does not wait for it: a guest that is too large to be verified
     * within the {@link GracePeriod} is not verified then.
     *
     * @param cancellation throws {@link CancelledException} once the user has cancelled
     */
    public static VerificationResult of(Guest guest, WaitGuard cancellation, NanoClock clock) throws IOException {
        try {
            return VerificationResult.of(guest.verify(new GracePeriod(cancellation, clock)));
        } catch (CancelledException e) {
            return VerificationResult.SKIPPED;
        }
    }
}
