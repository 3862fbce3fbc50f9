package io.pageflip.receive;

import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The destination's half of a mechanism. Called by the migration's one thread; accounts for the pages in a ledger. */
public interface PageReceiver {
    /**
     * Receives pages of a block. The caller has checked that they lie in it.
     *
     * @param reason why the source sent their bytes; null if it sent none
     */
    void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException;
}
