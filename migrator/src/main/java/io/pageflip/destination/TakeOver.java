package io.pageflip.destination;

import io.pageflip.channel.Cancellation;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.IncomingSwitchover;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/** What else the destination does while vCPU 0 takes the guest: on that vCPU's thread, while the guest is paused. */
final class TakeOver implements IncomingSwitchover.Moments {
    private final ScriptedFault fault;
    private final Cancellation cancellation;
    private final BooleanSupplier noticed;
    private final Runnable drop;

    TakeOver(ScriptedFault fault, Cancellation cancellation, Runnable drop) {
        this.fault = fault;
        this.cancellation = cancellation;
        this.noticed = cancellation::isRequested;
        this.drop = drop;
    }

    @Override
    public void released() {
        fault.at(Step.RELEASED, noticed, drop);
    }

    @Override
    public void locked() throws IOException {
        fault.at(Step.LOCKED, noticed, drop);
        cancellation.check(); // the last moment
    }

    @Override
    public void claimed() {
        fault.at(Step.CLAIMED, noticed, drop);
    }
}
