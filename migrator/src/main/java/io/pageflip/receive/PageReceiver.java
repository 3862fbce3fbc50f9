package io.pageflip.receive;

import io.pageflip.metrics.CopyReason;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The destination's half of a mechanism. Called by the migration's one thread; accounts for the pages in a ledger. */
public interface PageReceiver {
    /**
     * Receives pages {@code first} to {@code first + count} of a block; the range has been checked to lie in the block.
     *
     * @param reason why the source sent their bytes, where it did
     */
    void receive(int blockIndex, long first, int count, @Nullable CopyReason reason) throws IOException;
}
