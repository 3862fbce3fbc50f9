package io.pageflip.warmup;

import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;

/** Makes the actions of a source's schedule at the moments of a switchover, for a scratch guest. */
@FunctionalInterface
public interface ScratchSource {
    /**
     * Called once for each scratch guest, before it runs or while it does. vCPU threads call the returned object, which
     * must use only {@code guest}, {@code stream}, and objects that the schedule makes for this purpose.
     *
     * @param guest has a few pages that cannot be mapped by another agent, and writes them
     * @param stream its content is read and thrown away after each switchover
     */
    OutgoingSwitchover.Moments of(Guest guest, StreamWriter stream) throws IOException;
}
