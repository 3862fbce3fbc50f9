package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import java.io.IOException;

/**
 * Tracks which pages of a guest's blocks its vCPUs write. {@code Guest.trackDirty} makes it, switched on: it sees every
 * write that began after that.
 *
 * <p>Taking is atomic against running vCPUs: a write that the contents read after {@link #take} may lack is in a later
 * take. So a caller that takes, copies the taken pages, and repeats this until a take from the paused guest is empty,
 * has a copy of everything. The guest information page counts as written with every instruction.
 *
 * <p>It sees writes through the guest's own mapping only. pageflip makes no others ({@code pwrite(2)} on a block's
 * memfd, or through another process's mapping). Used by one thread; close it before the guest.
 */
public interface DirtyTracker extends AutoCloseable {
    /**
     * The pages of a block, in its own page size, that were written since the last take of it, or since the start.
     *
     * @param block its place in the guest's list of blocks
     * @return a new set, which the caller owns
     */
    PageBitmap take(int block) throws IOException;

    /** Whether a {@link #take} of the block would be empty; allocates nothing. */
    boolean isEmpty(int block) throws IOException;

    /** Ends the tracking, which costs the guest nothing from then on. */
    @Override
    void close();
}
