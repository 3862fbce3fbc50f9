package io.pageflip.destination;

import io.pageflip.os.Proc;
import io.pageflip.scenario.Step;
import io.pageflip.wire.Message;
import java.io.IOException;

/** How the destination says that it is ready. Used by the agent's thread. */
final class Readiness {
    /** How long a source may be silent from then on. */
    private static final int SILENCE_S = 30;

    private final Takeover takeover;
    private long pssBytes;

    Readiness(Takeover takeover) {
        this.takeover = takeover;
    }

    /**
     * Everything that was announced is done. Reads how much memory this takes: that holds the address space up, so
     * nobody waits for the guest yet.
     */
    void prepared() throws IOException {
        pssBytes = Proc.proportionalSetBytes();
        takeover.context().transition(DestinationState.ACTIVE, "everything announced is done");
        takeover.link().limitSilence(SILENCE_S);
    }

    /** Says READY: the source pauses the guest some milliseconds after it has heard that. */
    void say() throws IOException {
        takeover.timeline().readyNs = takeover.context().clock().nanoTime();
        takeover.link().send(new Message.Ready(pssBytes));
        takeover.context().reached(Step.READY);
    }
}
