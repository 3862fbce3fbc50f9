package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.os.NanoClock;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.IncomingSwitchover;
import java.io.IOException;

/**
 * The destination's own actions while vCPU 0 takes the guest: causes scripted faults, and checks for the last time
 * whether the agent was asked to end. Runs on that vCPU's thread while the guest is paused, and allocates nothing.
 */
final class SwitchoverMoments implements IncomingSwitchover.Moments {
    private final AgentContext<DestinationState> context;

    SwitchoverMoments(AgentContext<DestinationState> context) {
        this.context = context;
    }

    /** Moments of scratch guests, for the warm-up: there is no fault, and no request to end. */
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
