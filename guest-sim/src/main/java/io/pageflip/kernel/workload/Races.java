package io.pageflip.kernel.workload;

import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Hazards;
import org.jspecify.annotations.Nullable;

/** One hazard at a time, which strikes once, while one page is on its way. */
final class Races implements Hazards {
    private @Nullable Hazard next;

    /** It strikes when the code next comes to where it can. */
    void arm(Hazard hazard) {
        next = hazard;
    }

    /** The page has arrived, or not; what did not strike then never does. */
    void disarm() {
        next = null;
    }

    @Override
    public boolean strikes(Hazard hazard) {
        boolean now = hazard == next;
        if (now) {
            next = null;
        }
        return now;
    }
}
