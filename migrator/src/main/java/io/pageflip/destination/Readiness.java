package io.pageflip.destination;

import io.pageflip.os.IdlePriority;
import io.pageflip.os.Proc;
import io.pageflip.scenario.Step;
import io.pageflip.wire.Message;
import java.io.IOException;

/** Tells the source that the destination is ready. Used by the agent's thread. */
final class Readiness {
    /** How long the source may be silent from then on, in seconds. */
    private static final int SILENCE_S = 30;

    private final IncomingMigration migration;
    private long pssBytes;

    Readiness(IncomingMigration migration) {
        this.migration = migration;
    }

    /**
     * Called when everything that was announced is done, and before vCPU 0 waits for the guest: measuring the memory of
     * this process locks its address space.
     */
    void prepared() throws IOException {
        pssBytes = Proc.proportionalSetBytes();
        IdlePriority.lowerCompiler(migration.memory().guest().config().vcpus());
        migration.context().transition(DestinationState.ACTIVE, "everything announced is done");
        migration.link().limitSilence(SILENCE_S);
    }

    /** Sends READY: the source pauses the guest some milliseconds after it has received it. */
    void say() throws IOException {
        migration.timeline().readyNs = migration.context().clock().nanoTime();
        migration.link().send(new Message.Ready(pssBytes));
        migration.context().reached(Step.READY);
    }
}
