package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.os.NanoClock;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.IncomingSwitchover;
import java.io.IOException;

/**
 * What else the destination does while vCPU 0 takes the guest: a scripted fault strikes, and a request to give up is
 * heard for the last time. Runs on that vCPU's thread while the guest is paused, and allocates nothing.
 */
final class SwitchoverMoments implements IncomingSwitchover.Moments {
    private final AgentContext<DestinationState> context;

    SwitchoverMoments(AgentContext<DestinationState> context) {
        this.context = context;
    }

    /** Moments of scratch guests, for the warm-up: no fault strikes and nobody gives up. */
    static SwitchoverMoments scratch(NanoClock clock) {
        return new SwitchoverMoments(AgentContext.scratch("destination", DestinationState.SETUP, clock));
    }

    @Override
    public void released() {
        context.reached(Step.RELEASED);
    }

    @Override
    public void locked() throws IOException {
        context.reached(Step.LOCKED);
        context.cancellation().check();
    }

    @Override
    public void claimed() {
        context.reached(Step.CLAIMED);
    }
}
