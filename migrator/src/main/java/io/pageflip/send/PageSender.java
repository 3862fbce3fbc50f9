package io.pageflip.send;

import io.pageflip.memory.PageRange;
import io.pageflip.ram.RamBlock;
import java.io.IOException;

/**
 * The source's half of a mechanism. Called by the migration's one thread; but for {@code MAP}, while the guest is
 * paused.
 */
public interface PageSender {
    /**
     * Sends pages of a block, all of which hold data. The caller cuts runs into batches.
     *
     * @param blockIndex the block's place in the guest's list
     */
    void send(int blockIndex, RamBlock block, PageRange pages) throws IOException;
}
