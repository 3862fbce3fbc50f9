package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import java.io.IOException;

/**
 * The source's half of a mechanism. Called by the migration's one thread. Whether the guest is paused or still runs
 * depends on the schedule.
 */
public interface PageSender {
    /**
     * Sends pages of a block, all of which hold data. The caller cuts runs into batches.
     *
     * @param blockIndex the block's index in the guest's list of blocks
     */
    void send(int blockIndex, RamBlock block, PageRange pages) throws IOException;
}
