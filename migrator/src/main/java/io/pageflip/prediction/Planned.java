package io.pageflip.prediction;

import io.pageflip.guest.GuestConfig;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;

/**
 * A migration that has not run, as far as its prediction depends on it.
 *
 * @param guest in the memory that its pages cross from, which with {@code --adopt} is a memfd
 * @param scenario what an experiment adds to the guest
 * @param adopts whether the guest starts in private memory, which is adopted
 * @param gifts false with {@code --no-gift}
 * @param moves false with {@code --no-move}
 * @param batch pages that one system call moves
 * @param kernel the simulated kernel whose vmsplice is that of this host
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
