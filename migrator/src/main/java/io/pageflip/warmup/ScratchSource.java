package io.pageflip.warmup;

import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.Guest;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;

/** Makes what a schedule of the source does at the moments of a switchover, for a scratch guest. */
@FunctionalInterface
public interface ScratchSource {
    /**
     * Called once for each scratch guest, while that runs or before. What it returns is called by vCPU threads and must
     * use nothing but these two and what the schedule makes for the purpose.
     *
     * @param guest has a few pages that cannot be mapped by another agent, and writes them
     * @param stream whatever is written into it is read and forgotten after each switchover
     */
    OutgoingSwitchover.Moments of(Guest guest, StreamWriter stream) throws IOException;
}
