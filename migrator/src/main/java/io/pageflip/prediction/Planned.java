package io.pageflip.prediction;

import io.pageflip.guest.GuestConfig;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;

/**
 * A migration that has not run: all that its prediction is made from.
 *
 * @param guest in the memory that its pages cross from
 * @param scenario what an experiment adds to the guest
 * @param adopts whether it was started in private memory
 * @param gifts false with {@code --no-gift}
 * @param moves false with {@code --no-move}
 * @param batch pages that one system call moves
 * @param kernel whose vmsplice this host has
 */
public record Planned(
        GuestConfig guest,
        Scenario scenario,
        boolean adopts,
        Mechanism mechanism,
        Schedule schedule,
        boolean gifts,
        boolean moves,
        int batch,
        SimulatedKernel kernel) {}
