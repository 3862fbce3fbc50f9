package io.pageflip.kernel.workload;

import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Hazards;
import org.jspecify.annotations.Nullable;

/** Lets one hazard at a time strike, once, while one page is moved. */
final class Races implements Hazards {
    private @Nullable Hazard next;

    /** Makes a hazard strike when the code next reaches a point where it can. */
    void arm(Hazard hazard) {
        next = hazard;
    }

    /** The move of the page has ended: a hazard that did not strike is dropped. */
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
