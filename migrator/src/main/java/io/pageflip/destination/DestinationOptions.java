package io.pageflip.destination;

import io.pageflip.postcopy.Postcopy;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.warmup.Warmup;

/**
 * What the destination agent is asked to do.
 *
 * @param late how pages are mapped after the switchover, if the source's schedule is postcopy
 * @param moves false with {@code --no-move}
 * @param verify whether the guest is verified after the migration
 * @param runAfterNs how long the guest runs before, in nanoseconds
 * @param warmUp how much is done before the source pauses the guest
 */
public record DestinationOptions(
        Postcopy.Options late,
        boolean moves,
        boolean verify,
        long runAfterNs,
        ScriptedFault fault,
        Warmup.Config warmUp) {
    /** With the usual {@link Postcopy.Options#DEFAULT} and {@link Warmup.Config#DEFAULT}. */
    public DestinationOptions(boolean moves, boolean verify, long runAfterNs, ScriptedFault fault) {
        this(Postcopy.Options.DEFAULT, moves, verify, runAfterNs, fault, Warmup.Config.DEFAULT);
    }
}
