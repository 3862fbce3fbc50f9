package io.pageflip.destination;

import io.pageflip.fault.ScriptedFault;

/**
 * What the destination agent is asked to do.
 *
 * @param moves false with {@code --no-move}
 * @param verify whether the guest is verified after the migration
 * @param runAfterNs how long the guest runs before, in nanoseconds
 */
public record DestinationOptions(boolean moves, boolean verify, long runAfterNs, ScriptedFault fault) {}
