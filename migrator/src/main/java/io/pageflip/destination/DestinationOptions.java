package io.pageflip.destination;

import io.pageflip.postcopy.Postcopy;
import io.pageflip.scenario.ScriptedFault;

/**
 * What the destination agent is asked to do.
 *
 * @param late how pages are mapped after the switch, if the source's schedule is postcopy
 * @param moves false with {@code --no-move}
 * @param verify whether the guest is verified after the migration
 * @param runAfterNs how long the guest runs before, in nanoseconds
 */
public record DestinationOptions(
        Postcopy.Options late, boolean moves, boolean verify, long runAfterNs, ScriptedFault fault) {
    /** With the usual {@link Postcopy.Options#DEFAULT}. */
    public DestinationOptions(boolean moves, boolean verify, long runAfterNs, ScriptedFault fault) {
        this(Postcopy.Options.DEFAULT, moves, verify, runAfterNs, fault);
    }
}
